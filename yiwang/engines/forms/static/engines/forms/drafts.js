// A draft that is filled in (填报草稿): what the service could not be told is kept in this browser and sent later (断网不丢).
// The server merges by the revision that the page was made from; what two devices typed differently is shown for a choice.
// Kept under yw-draft:<account>:<draft>:<page>, only while unsent; signing out throws it away (yiwang.js).

const PREFIX = "yw-draft:", RETRY_MS = 10000, PATIENCE_MS = 5000, KEPT_MS = 7 * 24 * 3600 * 1000;
const FIELDS = "[id][name]:not([type=hidden], [type=file], button)";
const root = () => document.querySelector("form[data-draft]");
const banner = () => document.querySelector("[data-unsent]");
const formOf = (node) => node?.closest?.("form[data-draft]");
const isChoice = (one) => one.type === "checkbox" || one.type === "radio";
const entry = (one) => (isChoice(one) ? one.checked : one.value);
const entriesOf = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !["csrfmiddlewaretoken", "_revision"].includes(name));
const isSaved = (status, text) => [200, 413, 422].includes(status) && text.includes('id="form-revision"');
let waiting = null, timer = 0;

// ---- what is kept: only where data-keep says so (a person's own browser, no counter and no machine in a hall) ----

const keysOf = (form) => (form.hasAttribute("data-keep") ? Object.keys(localStorage).filter((key) => key.startsWith(`${PREFIX}${form.dataset.draft}:`)) : []);
const keyOf = (form) => `${PREFIX}${form.dataset.draft}:${form.dataset.page}`;
const isKept = (form) => keysOf(form).includes(keyOf(form));
function keep(form) {
  if (!form.hasAttribute("data-keep") || !form.dataset.page) return;
  const kept = { at: Date.now(), action: form.getAttribute("action"), revision: form.querySelector("#form-revision").value, entries: entriesOf(form) };
  try { localStorage.setItem(keyOf(form), JSON.stringify(kept)); } catch (error) { console.warn("not kept:", error); }
}
function read(key) {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}
for (const key of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
  if (!(Date.now() - read(key)?.at < KEPT_MS)) localStorage.removeItem(key);
}

// ---- what the person is told, and trying again ----

function tell(unsent) {
  if (!banner()) return;
  banner().hidden = !unsent;
  const out = document.querySelector("form[data-forget] button");
  if (out) out.dataset.confirm = unsent ? banner().dataset.unsent : "";
  clearTimeout(timer);
  if (unsent) timer = setTimeout(retry, RETRY_MS);
}
function retry() {
  const form = root();
  if (banner()?.hidden !== false) return;
  if (form.dataset.page) window.htmx.trigger(form, "change");
  else resume();
}
addEventListener("online", retry);
document.addEventListener("visibilitychange", () => { if (!document.hidden) retry(); });
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-retry]")) retry(); });

// ---- while one types ----
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, ({ target }) => { const form = formOf(target); if (form && target !== form) keep(form); }, true);
}
document.addEventListener("htmx:configRequest", ({ detail: { elt, formData } }) => { // a button pressed before is no part of a mere save
  if (elt.matches("form[data-draft]")) for (const button of elt.querySelectorAll("button[name]")) formData.delete(button.name);
});
document.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
  const form = formOf(elt);
  if (form) xhr.draft = { form, own: elt === form, entries: JSON.stringify(entriesOf(form)), fields: new Map([...form.querySelectorAll(FIELDS)].map((one) => [one.id, entry(one)])) };
});
document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
  if (xhr.draft?.own && isSaved(xhr.status, xhr.responseText)) xhr.draft.isOld = take(xhr.draft, xhr.responseText);
});
document.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
  if (!xhr?.draft) return;
  const { form, entries, isOld } = xhr.draft;
  const saved = isSaved(xhr.status, xhr.responseText), unreached = [0, 502, 503, 504].includes(xhr.status);
  if (saved && JSON.stringify(read(keyOf(form))?.entries) === entries) localStorage.removeItem(keyOf(form));
  if (saved || unreached) tell(unreached);
  const held = waiting;
  waiting = null;
  if (held && !unreached) leave(held, saved);
  else if (isOld && !isKept(form)) location.reload();
});

// What another device has changed meanwhile is put where this page still shows what it sent; true when rows or fields differ.
function take({ fields }, answer) {
  const fresh = new DOMParser().parseFromString(answer, "text/html").querySelector("#form-page");
  const shown = fresh ? [...fresh.querySelectorAll(FIELDS)] : [];
  for (const one of shown) {
    const now = document.getElementById(one.id);
    if (!now || !fields.has(one.id) || entry(now) !== fields.get(one.id) || entry(one) === entry(now)) continue;
    if (isChoice(now)) now.checked = one.checked;
    else now.value = one.value;
  }
  return shown.map((one) => one.id).join() !== [...fields.keys()].join();
}

// A page is left when all of it is saved, or not at all: a browser's own error page would swallow what was typed.
addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-keep]") || form.dataset.through) return;
  const isUnsent = form.dataset.page ? isKept(form) : keysOf(form).length > 0;
  if (!isUnsent && navigator.onLine) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!navigator.onLine || !form.dataset.page) {
    keep(form);
    tell(true);
    return banner().scrollIntoView({ block: "nearest" });
  }
  waiting = { form, submitter: event.submitter };
  window.htmx.trigger(form, "change");
  setTimeout(() => { if (waiting?.form === form) tell(true); }, PATIENCE_MS);
}, true);
function leave({ form, submitter }, saved) {
  const now = form.isConnected ? form : root();
  if (!saved) now.dataset.through = "1"; // the server refuses it: its page says why
  now.requestSubmit(form.isConnected ? submitter : undefined);
}

// ---- when the page is opened again ----

async function send(kept) {
  const body = new FormData();
  for (const [name, value] of kept.entries) body.append(name, value);
  body.append("_revision", kept.revision);
  body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  try {
    const answer = await fetch(kept.action, { method: "POST", body });
    return isSaved(answer.status, await answer.text());
  } catch { return false; }
}
function restore(form, kept) {
  for (const field of form.querySelectorAll(FIELDS)) {
    const values = kept.entries.filter(([name]) => name === field.name).map(([, value]) => value);
    if (isChoice(field)) field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
  form.querySelector("#form-revision").value = kept.revision;
  keep(form);
}
async function resume() {
  const form = root(), keys = form ? keysOf(form) : [], unsent = [];
  if (!keys.length) return;
  form.inert = true;
  for (const key of keys) {
    if (await send(read(key))) localStorage.removeItem(key);
    else unsent.push(key);
  }
  form.inert = false;
  if (!unsent.length) return location.reload();
  if (unsent.includes(keyOf(form))) restore(form, read(keyOf(form)));
  tell(true);
}
resume();
