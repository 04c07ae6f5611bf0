// The form beside the drawing (属性): what our engine needs to know of the chosen element.

const ATTRIBUTES = "role department departmentBy branch outcomes limit assignee service decision decisionName result key version collection element nameEn".split(" ");
export const YW = {
  name: "Yiwang", uri: "urn:yiwang:bpmn", prefix: "yw", xml: { tagAlias: "lowerCase" }, associations: [],
  types: [
    { name: "Attributes", extends: ["bpmn:BaseElement"], properties: ATTRIBUTES.map((name) => ({ name, isAttr: true, type: "String" })) },
    ...["Input", "Output"].map((name) => ({ name, superClass: ["Element"], properties: [{ name: "name", isAttr: true, type: "String" }, { name: "value", isAttr: true, type: "String" }] })),
  ],
};

const EVENTS = {
  "bpmn:MessageEventDefinition": ["message", "messageRef", "bpmn:Message", "name"],
  "bpmn:SignalEventDefinition": ["signal", "signalRef", "bpmn:Signal", "name"],
  "bpmn:ErrorEventDefinition": ["error", "errorRef", "bpmn:Error", "errorCode"],
  "bpmn:EscalationEventDefinition": ["escalation", "escalationRef", "bpmn:Escalation", "escalationCode"],
};
const TASKS = ["bpmn:UserTask", "bpmn:ManualTask"];
const ACTIVITIES = [...TASKS, "bpmn:ServiceTask", "bpmn:ScriptTask", "bpmn:BusinessRuleTask", "bpmn:SendTask", "bpmn:ReceiveTask", "bpmn:SubProcess", "bpmn:CallActivity"];
const MULTI = "bpmn:MultiInstanceLoopCharacteristics";

export function form(panel, modeler, options) {
  const words = options.words.form;
  const chosen = modeler.get("selection").get();
  const root = modeler.get("canvas").getRootElement();
  const element = chosen.length === 1 ? chosen[0].labelTarget || chosen[0] : root;
  const object = element.businessObject;
  const sheet = new Sheet(panel, modeler, element, words);
  sheet.begin(chosen.length === 1 ? object.id : words.nothing);
  const type = object.$type;
  sheet.text("name", object.name, (name) => modeler.get("modeling").updateProperties(element, { name }));
  sheet.own("nameEn");
  if (type === "bpmn:Process") sheet.check("executable", object.isExecutable, (isExecutable) => sheet.put({ isExecutable }));
  if (TASKS.includes(type)) task(sheet, options);
  if (type === "bpmn:ServiceTask") sheet.own("service", { list: options.services });
  if (type === "bpmn:BusinessRuleTask") {
    sheet.own("decision", { list: options.decisions });
    sheet.own("decisionName");
    sheet.own("result");
    sheet.mapping("inputs", "yw:Input");
  }
  if (type === "bpmn:ScriptTask") {
    sheet.text("script", object.script, (script) => sheet.put({ script }), { rows: 3 });
    sheet.own("result");
  }
  if (type === "bpmn:CallActivity") {
    sheet.text("called", object.calledElement, (calledElement) => sheet.put({ calledElement }), { list: options.processes });
    sheet.own("version");
    sheet.mapping("inputs", "yw:Input");
    sheet.mapping("outputs", "yw:Output");
  }
  if (type === "bpmn:SendTask" || type === "bpmn:ReceiveTask") {
    sheet.named(object, EVENTS["bpmn:MessageEventDefinition"]);
    sheet.own("key");
    if (type === "bpmn:SendTask") sheet.mapping("inputs", "yw:Input");
  }
  if (type === "bpmn:SequenceFlow") flow(sheet, object);
  for (const definition of object.eventDefinitions || []) event(sheet, object, definition);
  if (type === "bpmn:BoundaryEvent") sheet.check("interrupting", object.cancelActivity !== false, (cancelActivity) => sheet.put({ cancelActivity }));
  if (ACTIVITIES.includes(type)) several(sheet, object);
  const notes = (object.documentation || [])[0];
  sheet.text("documentation", notes?.text, (text) => {
    sheet.put({ documentation: text ? [modeler.get("bpmnFactory").create("bpmn:Documentation", { text })] : [] });
  }, { rows: 2 });
}

function task(sheet, options) {
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  sheet.own("role", { choices: Object.entries(options.roles).map(([code, title]) => [code, `${title[language]} ${code}`]) });
  sheet.own("department");
  sheet.own("outcomes");
  sheet.own("limit", { help: sheet.words.limitHelp });
  sheet.own("branch");
  sheet.own("departmentBy");
  sheet.own("assignee");
}

function flow(sheet, object) {
  const source = object.sourceRef;
  if (!/(Exclusive|Inclusive)Gateway$/.test(source?.$type || "")) return;
  const isDefault = source.default === object;
  if (!isDefault) {
    sheet.text("condition", object.conditionExpression?.body, (body) => {
      sheet.put({ conditionExpression: body ? sheet.make("bpmn:FormalExpression", { body }) : undefined });
    }, { rows: 2, help: sheet.words.conditionHelp });
  }
  sheet.check("isDefault", isDefault, (yes) => {
    if (yes) sheet.put({ conditionExpression: undefined });
    const gateway = sheet.modeler.get("elementRegistry").get(source.id);
    sheet.modeling.updateProperties(gateway, { default: yes ? object : undefined });
    sheet.again();
  });
}

function event(sheet, object, definition) {
  if (definition.$type === "bpmn:TimerEventDefinition") { timer(sheet, object, definition); return; }
  const kind = EVENTS[definition.$type];
  if (!kind) return;
  sheet.named(definition, kind);
  if (kind[0] === "message") {
    sheet.own("key");
    if (/(Throw|End)Event$/.test(object.$type)) sheet.mapping("inputs", "yw:Input");
  }
}

function timer(sheet, object, definition) {
  const kinds = ["timeDuration", "timeDate", "timeCycle"];
  const kind = kinds.find((name) => definition[name]) || "timeDuration";
  const value = object.get("yw:limit") || definition[kind]?.body || "";
  const write = (name, text) => {
    const isOurs = name === "timeDuration" && text && !/^P/.test(text); // working days are no ISO duration
    sheet.put({ "yw:limit": isOurs ? text : undefined });
    const body = text && !isOurs ? sheet.make("bpmn:FormalExpression", { body: text }) : undefined;
    sheet.inside(definition, Object.fromEntries(kinds.map((one) => [one, one === name ? body : undefined])));
  };
  let chosen = kind;
  sheet.select("timer", kind, kinds.map((name) => [name, sheet.words[name]]), (name) => { chosen = name; });
  sheet.text("limit", value, (text) => { write(chosen, text); sheet.again(); }, { help: sheet.words.timeHelp });
}

// Joint signing 会签, one signature 或签, votes 票签, one after another 顺签.
function several(sheet, object) {
  const loop = object.loopCharacteristics?.$type === MULTI ? object.loopCharacteristics : null;
  const completion = loop?.completionCondition?.body || "";
  const vote = /^share\.(\w+) >= ([\d.]+)$/.exec(completion);
  const kind = !loop ? "multiNone" : vote ? "multiVote" : completion === "done >= 1" ? "multiAny" : completion ? "multiOwn" : loop.isSequential ? "multiSequence" : "multiAll";
  const kinds = ["multiNone", "multiAll", "multiAny", "multiVote", "multiSequence", "multiOwn"];
  sheet.select("multi", kind, kinds.map((name) => [name, sheet.words[name]]), (name) => {
    if (name === "multiNone") { sheet.put({ loopCharacteristics: undefined }); sheet.again(); return; }
    const text = { multiAny: "done >= 1", multiVote: "share.AGREE >= 0.5", multiOwn: completion || "done == total" }[name];
    const made = sheet.make(MULTI, {
      isSequential: name === "multiSequence",
      completionCondition: text ? sheet.make("bpmn:FormalExpression", { body: text }) : undefined,
      loopCardinality: loop?.loopCardinality,
    });
    for (const own of ["collection", "element", "result"]) if (loop?.get(`yw:${own}`)) made.set(`yw:${own}`, loop.get(`yw:${own}`));
    sheet.put({ loopCharacteristics: made });
    sheet.again();
  });
  if (!loop) return;
  const part = (name, value) => sheet.inside(loop, { [name]: value });
  sheet.text("collection", loop.get("yw:collection"), (text) => part("yw:collection", text || undefined));
  sheet.text("cardinality", loop.loopCardinality?.body, (body) => part("loopCardinality", body ? sheet.make("bpmn:FormalExpression", { body }) : undefined));
  if (vote) {
    sheet.text("share", `${vote[1]} ${vote[2]}`, (text) => {
      const [outcome, share] = text.trim().split(/\s+/);
      if (/^\w+$/.test(outcome) && Number(share) > 0 && Number(share) <= 1) part("completionCondition", sheet.make("bpmn:FormalExpression", { body: `share.${outcome} >= ${share}` }));
      sheet.again();
    });
  } else if (kind === "multiOwn") {
    sheet.text("completion", completion, (body) => { part("completionCondition", body ? sheet.make("bpmn:FormalExpression", { body }) : undefined); sheet.again(); });
  }
  sheet.text("result", loop.get("yw:result"), (text) => part("yw:result", text || undefined));
}

class Sheet {
  constructor(panel, modeler, element, words) {
    Object.assign(this, { panel, modeler, element, words, modeling: modeler.get("modeling") });
    this.object = element.businessObject;
  }

  begin(text) {
    const line = document.createElement("p");
    line.className = "muted";
    line.textContent = text;
    this.panel.replaceChildren(line);
  }

  again() { this.modeler.get("eventBus").fire("selection.changed", { oldSelection: [], newSelection: this.modeler.get("selection").get() }); }

  put(values) { this.modeling.updateProperties(this.element, values); }

  inside(object, values) { this.modeling.updateModdleProperties(this.element, object, values); }

  make(type, values) {
    const made = this.modeler.get("bpmnFactory").create(type, values);
    for (const value of Object.values(values)) if (value && typeof value === "object") value.$parent = made;
    return made;
  }

  own(name, details = {}) {
    const set = (text) => this.put({ [`yw:${name}`]: text || undefined });
    const value = this.object.get(`yw:${name}`) || "";
    if (!details.choices) { this.text(name, value, set, details); return; }
    const unknown = value && !details.choices.some(([code]) => code === value) ? [[value, value]] : [];
    this.select(name, value, [["", this.words.pleaseChoose], ...details.choices, ...unknown], set);
  }

  // A message, signal, error or escalation by its name; it is made when there is none of that name.
  named(holder, [label, reference, type, field]) {
    this.text(label, holder[reference]?.[field] || holder[reference]?.name, (text) => {
      const { rootElements } = this.modeler.getDefinitions();
      let found = rootElements.find((one) => one.$type === type && (one[field] || one.name) === text);
      if (text && !found) {
        found = this.make(type, { name: text, ...(field === "name" ? {} : { [field]: text }) });
        found.$parent = this.modeler.getDefinitions();
        rootElements.push(found);
      }
      this.inside(holder, { [reference]: text ? found : undefined });
    });
  }

  mapping(label, type) {
    const values = this.object.extensionElements?.values || [];
    const text = values.filter((one) => one.$type === type).map((one) => `${one.name} = ${one.value ?? ""}`).join("\n");
    this.text(label, text, (changed) => {
      const made = changed.split("\n").filter((line) => line.trim()).map((line) => {
        const [name, ...rest] = line.split("=");
        return this.make(type, { name: name.trim(), value: rest.join("=").trim() });
      });
      const all = [...values.filter((one) => one.$type !== type), ...made];
      this.put({ extensionElements: all.length ? this.make("bpmn:ExtensionElements", { values: all }) : undefined });
      for (const one of all) one.$parent = this.object.extensionElements;
    }, { rows: 3 });
  }

  frame(name, input, help) {
    const field = document.createElement("div");
    const label = document.createElement("label");
    field.className = "field";
    input.id = `designer-${name}`;
    label.htmlFor = input.id;
    label.textContent = this.words[name] || name;
    if (input.type === "checkbox") {
      field.className = "field form-check";
      input.className = "form-check-input";
      label.className = "form-check-label";
      field.append(input, label);
    } else {
      label.className = "field-label";
      field.append(label, input);
    }
    if (help) {
      const line = document.createElement("p");
      line.className = "field-help";
      line.id = `${input.id}-help`;
      line.textContent = help;
      input.setAttribute("aria-describedby", line.id);
      field.append(line);
    }
    this.panel.append(field);
    return field;
  }

  text(name, value, set, { rows = 0, help = "", list = null } = {}) {
    const input = document.createElement(rows ? "textarea" : "input");
    if (rows) input.rows = rows;
    input.className = "form-control";
    input.value = value || "";
    input.addEventListener("change", () => set(input.value.trim()));
    const field = this.frame(name, input, help);
    if (!list) return;
    const known = document.createElement("datalist");
    known.id = `${input.id}-list`;
    known.append(...list.map((one) => Object.assign(document.createElement("option"), { value: one })));
    input.setAttribute("list", known.id);
    field.append(known);
  }

  check(name, value, set) {
    const input = Object.assign(document.createElement("input"), { type: "checkbox", checked: Boolean(value) });
    input.addEventListener("change", () => set(input.checked));
    this.frame(name, input);
  }

  select(name, value, choices, set) {
    const input = document.createElement("select");
    input.className = "form-select";
    input.append(...choices.map(([code, text]) => new Option(text, code, false, code === value)));
    input.addEventListener("change", () => set(input.value));
    this.frame(name, input);
  }
}
