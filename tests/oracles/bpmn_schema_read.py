"""Reads OMG's BPMN 2.0 schemas (BPMN20.xsd and what it includes) into the small table that we ship.

    python tests/oracles/bpmn_schema_read.py FOLDER_WITH_XSD > …/interchange/bpmn_schema.json

The folder is not part of this project; the wheel of SpiffWorkflow has a copy of the schemas. Of each
type the table says: its children in order (slots), its attributes with type, default and whether
they are required, whether text stands in it.
"""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

XSD = "{http://www.w3.org/2001/XMLSchema}"
FILES = {"Semantic.xsd": "b", "BPMN20.xsd": "b", "BPMNDI.xsd": "i", "DC.xsd": "c", "DI.xsd": "d"}
SPACES = {
    "b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "i": "http://www.omg.org/spec/BPMN/20100524/DI",
    "c": "http://www.omg.org/spec/DD/20100524/DC",
    "d": "http://www.omg.org/spec/DD/20100524/DI",
}
PREFIXES = {"bpmndi": "i", "dc": "c", "di": "d"}
MANY = 0


class Reader:
    def __init__(self, folder: Path) -> None:
        self.types: dict[str, tuple[str, ElementTree.Element]] = {}
        self.elements: dict[str, tuple[str, str]] = {}
        self.substitutes: dict[str, list[str]] = {}
        self.enums: dict[str, list[str]] = {}
        for name, own in FILES.items():
            for item in ElementTree.parse(folder / name).getroot():
                self.top(item, own)

    def top(self, item: ElementTree.Element, own: str) -> None:
        name = f"{own}:{item.get('name')}"
        if item.tag == f"{XSD}element":
            self.elements[name] = (self.name(item.get("type"), own), item.get("abstract", ""))
            if head := item.get("substitutionGroup"):
                self.substitutes.setdefault(self.name(head, own), []).append(name)
        elif item.tag == f"{XSD}complexType":
            self.types[name] = (own, item)
        elif item.tag == f"{XSD}simpleType":
            self.enums[name] = [e.get("value") for e in item.iter(f"{XSD}enumeration")]

    def name(self, text: str, own: str) -> str:
        prefix, colon, local = text.rpartition(":")
        if prefix == "xsd":
            return f"x:{local}"
        return f"{PREFIXES[prefix] if colon else own}:{local}"

    def names(self, head: str) -> list[str]:
        """Return what may stand where `head` is asked for."""
        found = []
        abstract = self.elements[head][1] == "true" or self.is_abstract(self.elements[head][0])
        if not abstract:
            found.append(head)
        for name in self.substitutes.get(head, ()):
            found += self.names(name)
        return found

    def is_abstract(self, kind: str) -> bool:
        return kind in self.types and self.types[kind][1].get("abstract") == "true"

    def slots(self, group: ElementTree.Element, own: str) -> list:
        found = []
        for item in group:
            most = MANY if item.get("maxOccurs") == "unbounded" else int(item.get("maxOccurs", 1))
            least = int(item.get("minOccurs", 1))
            if item.tag == f"{XSD}element":
                found.append([self.element(item, own), least, most])
            elif item.tag == f"{XSD}any":
                found.append([{"*": "*"}, least, most])
            elif item.tag == f"{XSD}choice":
                merged: dict[str, str] = {}
                for slot in self.slots(item, own):
                    merged |= slot[0]
                found.append([merged, 0, MANY])
            elif item.tag == f"{XSD}sequence":
                found += self.slots(item, own)
        return found

    def element(self, item: ElementTree.Element, own: str) -> dict[str, str]:
        if ref := item.get("ref"):
            return {name: self.elements[name][0] for name in self.names(self.name(ref, own))}
        kind = item.get("type")
        name = f"{own}:{item.get('name')}"
        return {name: self.name(kind, own) if kind else self.anonymous(name, item, own)}

    def anonymous(self, name: str, item: ElementTree.Element, own: str) -> str:
        self.types.setdefault(name + "!", (own, item.find(f"{XSD}complexType")))
        return name + "!"

    def type(self, name: str) -> dict:
        own, item = self.types[name]
        body, base = item, {"slots": [], "attributes": {}, "mixed": False, "text": ""}
        extension = item.find(f"{XSD}complexContent/{XSD}extension")
        if extension is not None:
            body, base = extension, self.type(self.name(extension.get("base"), own))
        slots, attributes = list(base["slots"]), dict(base["attributes"])
        for group in body:
            if group.tag in (f"{XSD}sequence", f"{XSD}choice"):
                wrapped = ElementTree.Element("w")
                wrapped.append(group)
                slots += self.slots(wrapped, own)
        for attribute in body.findall(f"{XSD}attribute"):
            kind = self.name(attribute.get("type", "xsd:string"), own)
            required = attribute.get("use") == "required"
            attributes[attribute.get("name")] = [kind, attribute.get("default"), required]
        mixed = item.get("mixed") == "true" or base["mixed"]
        return {"slots": slots, "attributes": attributes, "mixed": mixed}

    def table(self) -> dict:
        types: dict[str, dict] = {}
        waiting = {kind for kind, _ in self.elements.values() if kind in self.types}
        waiting |= {name for name in self.types if name.startswith("b:t")}
        while waiting:
            name = waiting.pop()
            types[name] = self.type(name)
            for slot, _least, _most in types[name]["slots"]:
                waiting |= {k for k in slot.values() if k in self.types and k not in types}
        ids = {f"{tag}" for tag in self.elements}
        return {
            "spaces": SPACES,
            "elements": {tag: self.elements[tag][0] for tag in sorted(ids)},
            "enums": dict(sorted(self.enums.items())),
            "types": dict(sorted(types.items())),
        }


if __name__ == "__main__":
    table = Reader(Path(sys.argv[1])).table()
    sys.stdout.write(json.dumps(table, separators=(",", ":")) + "\n")
