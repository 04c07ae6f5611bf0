// A machine that nobody touches goes back to its start (无人操作自动返回); what was typed is gone with it.
// It also has keys of its own on the screen, prints the ticket just taken, and needs no mouse.

const IDLE = 60000;
const WARN = 45000;
const PRINTED = 20000; // whoever has the ticket in hand has left
const start = document.querySelector("meta[name=kiosk-start]")?.content;
const warning = document.querySelector("[data-idle]");
const main = document.querySelector("main.kiosk");
let timers = [];

function touched(_event, until = IDLE) {
  timers.forEach(clearTimeout);
  warning.hidden = true;
  timers = [setTimeout(() => { warning.hidden = false; }, Math.min(WARN, until)), setTimeout(() => location.replace(start), until)];
}

if (start) {
  for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, touched, { passive: true });
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(start); });
  touched();
}

// ---- printing: once after taking; not again when the page is loaded anew ----
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false; // what it does when pressed: kernel/ui/yiwang.js
  if (!("printNow" in button.dataset)) continue;
  history.replaceState(null, "", location.pathname);
  addEventListener("load", () => { print(); touched(null, PRINTED); });
}

// ---- keys on the screen (屏幕键盘); a keyboard works beside them ----
const ROWS = { numeric: ["123", "456", "789", "0"], text: ["1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM-"] };

function key(label, press, wide) {
  const made = document.createElement("button");
  made.type = "button";
  made.tabIndex = -1; // who has a keyboard does not pass forty keys
  made.className = wide ? "btn btn-outline-secondary keypad-wide" : "btn btn-outline-secondary";
  made.textContent = label;
  made.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  made.addEventListener("click", press);
  return made;
}

function keypad(form) {
  const fields = [...form.querySelectorAll("input.form-control")];
  if (!fields.length) return;
  let field = fields[0];
  for (const one of fields) one.addEventListener("focus", () => { field = one; });
  const put = (text, back) => {
    const [from, to] = [field.selectionStart, field.selectionEnd];
    if (!back && field.maxLength > 0 && field.value.length - (to - from) >= field.maxLength) return;
    field.setRangeText(text, back && from === to ? Math.max(0, from - 1) : from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const pad = document.createElement("div");
  pad.className = "keypad";
  pad.setAttribute("role", "group");
  pad.setAttribute("aria-label", main.dataset.textKeys);
  for (const row of ROWS[fields.every((one) => one.inputMode === "numeric") ? "numeric" : "text"]) {
    const line = document.createElement("div");
    line.append(...[...row].map((mark) => key(mark, () => put(mark, false))));
    pad.append(line);
  }
  pad.lastChild.append(key(main.dataset.textDelete, () => put("", true), true));
  form.append(pad);
  field.focus();
}

for (const form of main?.querySelectorAll("form") ?? []) keypad(form);
