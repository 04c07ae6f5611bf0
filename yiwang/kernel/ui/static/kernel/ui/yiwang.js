// What every page gets (共用脚本). Pages work without it; everything hangs on data-attributes.

const own = (element, name) => element?.closest?.(`[${name}]`);

// Islands (地图、图表、流程图): loaded when they come into view, each from its own module.
const islands = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    islands.unobserve(entry.target);
    start(entry.target);
  }
}, { rootMargin: "200px" });

async function start(box) {
  box.setAttribute("aria-busy", "true");
  const fallback = [...box.childNodes];
  try {
    const { style, library, module } = box.dataset;
    await Promise.all([style && stylesheet(style), library && script(library)]);
    await (await import(module)).default(box);
    box.dataset.state = "ready";
  } catch (error) {
    box.dataset.state = "failed";
    box.replaceChildren(...fallback);
    console.warn(`Island ${box.id}:`, error);
  }
  box.removeAttribute("aria-busy");
}

const loaded = new Map();
function once(address, make) {
  if (!loaded.has(address)) {
    loaded.set(address, new Promise((resolve, reject) => {
      const element = make();
      element.onload = resolve;
      element.onerror = () => reject(new Error(`not loaded: ${address}`));
      document.head.append(element);
    }));
  }
  return loaded.get(address);
}
const script = (src) => once(src, () => Object.assign(document.createElement("script"), { src }));
const stylesheet = (href) => once(href, () => Object.assign(document.createElement("link"), { rel: "stylesheet", href }));

function scan(root) {
  for (const box of root.querySelectorAll("[data-island]:not([data-seen])")) {
    box.dataset.seen = "1";
    islands.observe(box);
  }
  if (root.querySelector("[data-desk-keys]")) import(keysAddress).then((keys) => keys.default());
  root.querySelector("[data-focus]")?.focus();
  for (const form of root.querySelectorAll("form[data-dirty-guard]:not([data-clean])")) form.dataset.clean = state(form);
}
const keysAddress = document.querySelector("meta[name=desk-keys]")?.content;

// Before a page with unsent entries is left (防丢失). Files are compared by name.
const state = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken").map(([name, value]) => [name, value.name ?? value]));
let leaving = false;
addEventListener("beforeunload", (event) => {
  if (leaving) return;
  if ([...document.querySelectorAll("form[data-dirty-guard]")].some((form) => form.dataset.clean !== state(form))) event.preventDefault();
});

// One press, one request (防重复提交). The server refuses doubles as well; this spares the person.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (!form.hasAttribute("data-submit-once") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.matches("[hx-post], [hx-get], [hx-put]") && !form.matches("[hx-trigger]")) return; // htmx sends it
  form.dataset.sent = "1";
  leaving = true;
  const pressed = event.submitter ?? form.querySelector("[type=submit]");
  pressed?.setAttribute("aria-busy", "true");
  setTimeout(() => { for (const one of form.querySelectorAll("button:enabled")) { one.disabled = true; one.dataset.held = ""; } });
  setTimeout(release, 15000, form); // the answer may have been a file
}, true);
function release(form) {
  leaving = false;
  delete form.dataset.sent;
  for (const one of form.querySelectorAll("button[data-held]")) { one.disabled = false; one.removeAttribute("aria-busy"); delete one.dataset.held; }
}
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});
const sending = ({ detail }) => detail.requestConfig?.triggeringEvent?.type === "submit" && detail.elt.closest("form[data-submit-once]");
function pressable(form, able) {
  for (const one of form?.querySelectorAll?.("[type=submit]") ?? []) one.disabled = !able;
}
document.addEventListener("htmx:beforeRequest", (event) => pressable(sending(event), false));
document.addEventListener("htmx:afterRequest", (event) => {
  pressable(sending(event), true);
  const { elt, successful } = event.detail;
  if (successful && elt.matches("form[data-dirty-guard]")) elt.dataset.clean = state(elt);
});

// Signing out throws away what forms have kept in this browser (退出即清除): see engines/forms/drafts.js.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.hasAttribute("data-forget")) return;
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith("yw-draft:"))) localStorage.removeItem(key);
});

// Print buttons (打印): without scripts the browser's own menu prints the page.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});

// A form page that is made anew keeps what was entered while the answer was on its way (不丢已填内容).
const isChoice = (one) => one.type === "checkbox" || one.type === "radio";
const entry = (one) => (isChoice(one) ? one.checked : one.value);
const entered = (page) => [...page.querySelectorAll("input[id]:not([type=hidden], [type=file]), select[id], textarea[id]")];
document.addEventListener("htmx:beforeRequest", ({ detail: { target, xhr } }) => {
  if (target?.id === "form-page") xhr.entriesSent = new Map(entered(target).map((one) => [one.id, entry(one)]));
});
document.addEventListener("htmx:beforeSwap", ({ detail: { target, xhr } }) => {
  if (!xhr.entriesSent || !target.isConnected) return;
  xhr.enteredSince = entered(target).filter((one) => xhr.entriesSent.has(one.id) && xhr.entriesSent.get(one.id) !== entry(one));
});
document.addEventListener("htmx:afterSwap", ({ detail: { xhr } }) => {
  const since = (xhr.enteredSince ?? []).map((old) => [old, document.getElementById(old.id)]).filter(([old, now]) => now && now !== old);
  xhr.enteredSince = [];
  for (const [old, now] of since) {
    if (isChoice(now)) now.checked = old.checked;
    else now.value = old.value;
  }
  const changed = since.map(([, now]) => now).filter((now) => now !== document.activeElement || isChoice(now));
  const asking = changed.filter((now) => now.hasAttribute("hx-post")); // one of them asks for all: a form sends whole
  const one = asking.find((now) => !isChoice(now) || now.checked) ?? asking[0] ?? changed[0];
  if (one) setTimeout(() => one.dispatchEvent(new Event("change", { bubbles: true })));
});

// An item of a work list opens beside the list on wide screens (工作台右栏).
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const panel = detail.target;
  if (panel.id !== "item-panel") return;
  panel.closest("aside").hidden = false;
  panel.closest(".desk-grid").classList.add("desk-grid-aside");
  panel.scrollTop = 0;
  if (matchMedia("(width < 75rem)").matches) panel.scrollIntoView();
});

// A search that answers while one types (即时搜索): arrows choose, Escape closes.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const list = detail.target;
  const input = document.querySelector(`[data-live-search][aria-controls="${list.id}"]`);
  if (!input) return;
  list.hidden = !input.value.trim() || !list.children.length;
  input.setAttribute("aria-expanded", String(!list.hidden));
  [...list.querySelectorAll("[role=option]")].forEach((one, index) => { one.id = `${list.id}-${index}`; one.tabIndex = -1; });
});
function closeSearch(input) {
  document.getElementById(input.getAttribute("aria-controls")).hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}
document.addEventListener("keydown", (event) => {
  const input = own(event.target, "data-live-search");
  if (!input || event.isComposing) return;
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const options = [...list.querySelectorAll("a[role=option]")];
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") closeSearch(input);
  if (list.hidden || !options.length) return;
  if (event.key === "Enter" && at >= 0) { event.preventDefault(); options[at].click(); }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const next = (at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + options.length) % options.length;
  options.forEach((one, index) => one.setAttribute("aria-selected", String(index === next)));
  input.setAttribute("aria-activedescendant", options[next].id);
});
document.addEventListener("click", (event) => {
  for (const input of document.querySelectorAll('[data-live-search][aria-expanded="true"]')) {
    if (!input.closest("form").contains(event.target)) closeSearch(input);
  }
});

// "/" goes to the search field, as on every page of the desk.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector('[data-key="/"], input[type=search]');
  if (field) { event.preventDefault(); field.focus(); field.select(); }
});

document.addEventListener("htmx:load", ({ detail }) => scan(detail.elt.parentElement ?? detail.elt));
if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => scan(document));
else scan(document);
