// The designer (流程设计): bpmn-js draws, a form of our own says who does what, the server checks.

import { form, YW } from "./properties.js";

const WAIT = 1000;
const wide = matchMedia("(min-width: 900px)");

export default async function designer(box) {
  if (!wide.matches) return;
  const options = JSON.parse(box.dataset.options);
  const words = options.words.form;
  const served = await fetch(options.urls.file, { headers: { Accept: "application/xml" } });
  if (!served.ok) throw new Error(`${served.status} ${options.urls.file}`);
  let xml = await served.text();
  const keep = keeper(options.urls.save);
  const kept = keep.read();
  const restore = kept && kept.xml !== xml && kept.revision === options.revision && confirm(words.restore);
  if (restore) xml = kept.xml;
  box.replaceChildren();
  const modeler = new window.BpmnJS({
    container: box,
    moddleExtensions: { yw: YW },
    additionalModules: [{ translate: ["value", translator(options.words.modeller)] }],
  });
  try {
    await modeler.importXML(xml);
  } catch (error) {
    box.textContent = words.broken;
    throw error;
  }
  fit(modeler.get("canvas"));
  const marks = marker(modeler);
  marks(options.report);
  const saver = saving(modeler, options, { keep, marks });
  const panel = document.getElementById("designer-properties");
  const show = () => form(panel, modeler, options);
  modeler.on("selection.changed", show);
  modeler.on("element.changed", ({ element }) => {
    if (modeler.get("selection").isSelected(element) && !panel.contains(document.activeElement)) show();
  });
  modeler.on("commandStack.changed", saver.later);
  document.addEventListener("click", (event) => {
    const shape = modeler.get("elementRegistry").get(event.target.closest?.(".designer-jump")?.dataset.element);
    if (!shape) return;
    modeler.get("canvas").scrollToElement(shape);
    modeler.get("selection").select(shape);
    box.scrollIntoView({ block: "nearest" });
  });
  show();
  if (restore) saver.later();
}

// The whole drawing beside the palette, no larger than life.
function fit(canvas) {
  const { inner, outer } = canvas.viewbox();
  if (!(inner.width > 0 && outer.width > 0)) return;
  const scale = Math.min(1, (outer.width - 170) / inner.width, (outer.height - 90) / inner.height);
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({ x: inner.x - 130 / scale, y: inner.y - (height - inner.height) / 2, width, height });
}

// What is drawn and not saved yet stays in this browser.
function keeper(name) {
  const key = `designer:${name}`;
  const safely = (act) => { try { return act(); } catch { return null; } };
  return {
    read: () => safely(() => JSON.parse(localStorage.getItem(key))),
    write: (value) => safely(() => localStorage.setItem(key, JSON.stringify(value))),
    drop: () => safely(() => localStorage.removeItem(key)),
  };
}

function translator(words) {
  return (text, values = {}) => (words[text] || text).replace(/{([^}]+)}/g, (all, name) => values[name] ?? all);
}

function saving(modeler, options, { keep, marks }) {
  const words = options.words.form;
  const mark = document.getElementById("designer-saved");
  const token = document.querySelector("#designer-form [name=csrfmiddlewaretoken]").value;
  let { revision } = options;
  let timer = 0;
  let running = false;
  let dirty = false;
  const say = (icon, text) => {
    const symbol = Object.assign(document.createElement("i"), { className: `bi bi-${icon}` });
    symbol.setAttribute("aria-hidden", "true");
    mark.replaceChildren(symbol, ` ${text}`);
  };
  async function save() {
    if (running) return later();
    running = true;
    dirty = false;
    try {
      const { xml } = await modeler.saveXML({ format: true });
      keep.write({ revision, xml });
      say("cloud-arrow-up", words.saving);
      const body = new URLSearchParams({ xml, revision });
      const answer = await fetch(options.urls.save, { method: "POST", body, headers: { "X-CSRFToken": token } });
      const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (answer.ok) {
        revision = said.revision;
        if (!dirty) keep.drop();
        say("cloud-check", `${words.saved} ${said.saved_at}`);
        marks(said.report);
        report(said.report, words);
      } else {
        dirty = true;
        say("exclamation-octagon", said.problem || words.unsaved);
        if (answer.status >= 500) setTimeout(later, 10000);
      }
    } catch {
      dirty = true;
      say("cloud-slash", words.unsaved);
      setTimeout(later, 10000);
    }
    running = false;
    return undefined;
  }
  function later() {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, WAIT);
  }
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && dirty && !running) { clearTimeout(timer); save(); }
  });
  return { later };
}

// Marks the offending elements: red for what is wrong, amber for what is missing.
function marker(modeler) {
  const canvas = modeler.get("canvas");
  const overlays = modeler.get("overlays");
  const known = modeler.get("elementRegistry");
  let before = [];
  return (report) => {
    for (const [id, name] of before) if (known.get(id)) canvas.removeMarker(id, name);
    overlays.remove({ type: "designer" });
    before = [];
    const seen = new Set();
    for (const [list, name] of [["problems", "wrong"], ["not_executed", "lacking"], ["bindings", "lacking"]]) {
      for (const one of report[list]) {
        const shape = known.get(one.element);
        if (!shape || !shape.parent || seen.has(one.element)) continue;
        seen.add(one.element);
        canvas.addMarker(one.element, `designer-${name}`);
        before.push([one.element, `designer-${name}`]);
        if (shape.waypoints) continue;
        const note = document.createElement("div");
        note.className = `designer-note designer-note-${name}`;
        note.textContent = "!";
        note.title = one.reason;
        overlays.add(one.element, "designer", { position: { top: -11, right: 11 }, html: note });
      }
    }
  };
}

function report(found, words) {
  const make = (tag, values = {}, ...inner) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...inner);
    return element;
  };
  const [kind, icon] = { executable: ["success", "check-circle"], descriptive: ["info", "info-circle"] }[found.state] || ["danger", "x-octagon"];
  const symbol = make("i", { className: `bi bi-${icon}`, ariaHidden: "true" });
  const parts = [make("p", { className: "designer-verdict" }, make("span", { className: `badge badge-${kind}` }, symbol, ` ${found.word}`))];
  for (const name of ["problems", "not_executed", "bindings"]) {
    if (!found[name].length) continue;
    parts.push(make("h3", {}, `${words[name]} (${found[name].length})`));
    parts.push(make("ul", { className: "designer-found" }, ...found[name].map((one) => {
      const jump = make("button", { type: "button", className: "designer-jump" }, one.name || one.element);
      jump.dataset.element = one.element;
      return make("li", {}, jump, ` ${one.reason}`);
    })));
  }
  if (parts.length === 1) parts.push(make("p", { className: "muted" }, words.none));
  document.querySelector("#designer-check [data-report]").replaceChildren(...parts);
}
