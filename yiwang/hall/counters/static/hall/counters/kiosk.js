// A machine that nobody touches goes back to its start (无人操作自动返回); what was typed is gone with it.

const IDLE = 60000;
const start = document.querySelector("meta[name=kiosk-start]")?.content;
let timer;

function touched() {
  clearTimeout(timer);
  timer = setTimeout(() => location.replace(start), IDLE);
}

if (start) {
  for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, touched, { passive: true });
  touched();
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
