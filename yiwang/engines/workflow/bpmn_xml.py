"""XML in and out (读写 XML): nothing is lost, and a hostile file is refused before it costs anything.

Reading keeps what ElementTree forgets: the line of every element, its namespace declarations, and
comments. Document types and entities are refused (so no expansion, no outside file), as are files
that are too large, nest too deep or hold too many elements.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Comment, Element, ProcessingInstruction
from xml.parsers import expat

from yiwang.engines.workflow.data import Problem, ProcessInvalid
from yiwang.sdk.errors import N_

MAX_BYTES = 2_000_000
MAX_DEPTH = 100
MAX_ELEMENTS = 60_000
NATIVE = {"utf-8", "utf8", "utf-16", "utf16", "iso-8859-1", "latin-1", "us-ascii", "ascii"}
KNOWN_PREFIXES = {
    "http://www.omg.org/spec/BPMN/20100524/MODEL": "bpmn",
    "http://www.omg.org/spec/BPMN/20100524/DI": "bpmndi",
    "http://www.omg.org/spec/DD/20100524/DC": "dc",
    "http://www.omg.org/spec/DD/20100524/DI": "di",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "urn:yiwang:bpmn": "yw",
}
_XML = "http://www.w3.org/XML/1998/namespace"
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")

Scope = dict[str, str]


@dataclass(slots=True)
class Document:
    """A file as read (文档): lines and namespaces by element; comments are children of their own."""

    root: Element
    lines: dict[Element, int] = field(default_factory=dict)
    namespaces: dict[Element, Scope] = field(default_factory=dict)
    before: list[Element] = field(default_factory=list)
    after: list[Element] = field(default_factory=list)

    def scopes(self) -> dict[Element, Scope]:
        """Return the prefixes in force at every element (命名空间)."""
        found: dict[Element, Scope] = {}
        stack: list[tuple[Element, Scope]] = [(self.root, {"xml": _XML})]
        while stack:
            element, outer = stack.pop()
            own = self.namespaces.get(element)
            scope = {**outer, **own} if own else outer
            found[element] = scope
            stack += [(child, scope) for child in element]
        return found


def is_element(node: Element) -> bool:
    """Tell an element from a comment or a processing instruction."""
    return isinstance(node.tag, str)


def children(element: Element) -> Iterator[Element]:
    """Iterate over the child elements, without comments."""
    return (child for child in element if is_element(child))


def local(element: Element) -> str:
    """Return the tag without its namespace."""
    return element.tag.rpartition("}")[2]


class _Refused(Exception):
    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(reason)
        self.reason, self.params = reason, params


class _Builder:
    """Puts the tree together from the parser's calls."""

    def __init__(self, parser: expat.XMLParserType, *, comments: bool) -> None:
        self.parser = parser
        self.document = Document(Element("none"))
        self.stack: list[Element] = []
        self.last: Element | None = None
        self.declared: Scope = {}
        self.count = 0
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.StartNamespaceDeclHandler = self.namespace
        parser.StartDoctypeDeclHandler = self.doctype
        if comments:
            parser.CommentHandler = self.comment
            parser.ProcessingInstructionHandler = self.instruction

    def doctype(self, *_arguments: object) -> None:
        raise _Refused(N_("Document types and entities are not accepted."))

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        self.declared[prefix or ""] = uri or ""

    def start(self, name: str, attributes: list[str]) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise _Refused(N_("The file has more than %(most)d elements."), most=MAX_ELEMENTS)
        if len(self.stack) >= MAX_DEPTH:
            raise _Refused(N_("Elements nest deeper than %(most)d levels."), most=MAX_DEPTH)
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        element = Element(_clark(name), {_clark(key): value for key, value in pairs})
        self.document.lines[element] = self.parser.CurrentLineNumber
        if self.declared:
            self.document.namespaces[element] = self.declared
            self.declared = {}
        self.place(element)
        self.stack.append(element)
        self.last = None

    def end(self, _name: str) -> None:
        self.last = self.stack.pop()

    def text(self, text: str) -> None:
        if self.last is not None:
            self.last.tail = (self.last.tail or "") + text
        elif self.stack:
            self.stack[-1].text = (self.stack[-1].text or "") + text

    def comment(self, text: str) -> None:
        self.aside(Comment(text))

    def instruction(self, target: str, text: str) -> None:
        self.aside(ProcessingInstruction(target, text))

    def aside(self, node: Element) -> None:
        if self.stack:
            self.place(node)
            self.last = node
        elif self.document.root.tag == "none":
            self.document.before.append(node)
        else:
            self.document.after.append(node)

    def place(self, node: Element) -> None:
        if self.stack:
            self.stack[-1].append(node)
        elif is_element(node):
            self.document.root = node


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def document_read(content: str | bytes, *, comments: bool = True) -> Document:
    """Parse a file (解析文件). Raises `ProcessInvalid` with the line when it is no good XML."""
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        raise broken(N_("The file is larger than %(bytes)d bytes."), bytes=MAX_BYTES)
    parser = expat.ParserCreate(namespace_separator="}")
    builder = _Builder(parser, comments=comments)
    try:
        parser.Parse(_decoded(content), True)
    except expat.ExpatError as error:
        said = f"{expat.ErrorString(error.code)}: column {error.offset}"
        reason = N_("This is not well-formed XML: %(error)s")
        raise broken(reason, error.lineno, error=said) from None
    except (UnicodeError, LookupError) as error:
        raise broken(N_("This is not well-formed XML: %(error)s"), error=str(error)[:120]) from None
    except _Refused as refusal:
        line = parser.CurrentLineNumber
        raise broken(refusal.reason, line, **refusal.params) from None
    return builder.document


def _decoded(content: str | bytes) -> str | bytes:
    """Decode what expat cannot, such as GB 18030; a text is checked to be encodable."""
    if isinstance(content, str):
        content.encode()
        return content.removeprefix("\ufeff")
    match = _DECLARED.match(content[:300])
    encoding = match[1].decode().lower() if match else "utf-8"
    if encoding in NATIVE:
        return content
    name = codecs.lookup(encoding).name
    return content.decode("gb18030" if name in ("gbk", "gb2312") else name)


def broken(reason: str, line: int = 1, **params: object) -> ProcessInvalid:
    """Return the refusal of a whole file, as an exception to raise (文件无效)."""
    return ProcessInvalid("?", [Problem("definitions", "", line, reason, params)])


class Writer:
    """Writes a document in UTF-8, indented where white space means nothing.

    is_plain(element): whether only elements stand in it, so that it may be indented.
    """

    def __init__(self, document: Document, *, is_plain) -> None:
        self.document, self.is_plain = document, is_plain
        self.parts: list[str] = ['<?xml version="1.0" encoding="UTF-8"?>\n']

    def write(self) -> str:
        """Return the file's text."""
        for node in self.document.before:
            self.parts.append(_aside(node) + "\n")
        self.element(self.document.root, {"xml": _XML}, "")
        self.parts.append("\n")
        for node in self.document.after:
            self.parts.append(_aside(node) + "\n")
        return "".join(self.parts)

    def element(self, element: Element, outer: Scope, indent: str | None) -> None:
        own = dict(self.document.namespaces.get(element, {}))
        scope = {**outer, **own}
        tag = _named(element.tag, scope, own, is_attribute=False)
        names = [
            (_named(key, scope, own, is_attribute=True), value) for key, value in element.items()
        ]
        declared = [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in own.items()]
        attributes = "".join(f' {key}="{_quoted(value)}"' for key, value in [*names, *declared])
        if not len(element) and not element.text:
            self.parts.append(f"<{tag}{attributes}/>")
            return
        self.parts.append(f"<{tag}{attributes}>")
        plain = indent is not None and self.is_plain(element)
        if plain and not len(element):
            self.parts[-1] = f"<{tag}{attributes}/>"
            return
        self.content(element, scope, indent if plain else None)
        self.parts.append(f"</{tag}>")

    def content(self, element: Element, scope: Scope, indent: str | None) -> None:
        inner = None if indent is None else indent + "  "
        if inner is None:
            self.parts.append(_escaped(element.text or ""))
        for child in element:
            if inner is not None:
                self.parts.append("\n" + inner)
            if is_element(child):
                self.element(child, scope, inner)
            else:
                self.parts.append(_aside(child))
            if inner is None:
                self.parts.append(_escaped(child.tail or ""))
        if indent is not None:
            self.parts.append("\n" + indent)


def _named(name: str, scope: Scope, own: Scope, *, is_attribute: bool) -> str:
    """Write a name with a prefix in force, declaring one where there is none."""
    uri, _, tag = name[1:].partition("}") if name.startswith("{") else ("", "", name)
    if not uri:
        if not is_attribute and scope.get(""):
            own[""] = scope[""] = ""
        return tag
    fitting = [prefix for prefix, bound in scope.items() if bound == uri]
    if is_attribute:
        fitting = [prefix for prefix in fitting if prefix]
    if not fitting:
        prefix = KNOWN_PREFIXES.get(uri, "ns")
        while prefix in scope:
            prefix += "1"
        own[prefix] = scope[prefix] = uri
        fitting = [prefix]
    return f"{fitting[-1]}:{tag}" if fitting[-1] else tag


def _aside(node: Element) -> str:
    return f"<!--{node.text}-->" if node.tag is Comment else f"<?{node.text}?>"


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def _quoted(text: str) -> str:
    text = _escaped(text).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")
