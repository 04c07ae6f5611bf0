// Keys of a work list (工作台按键): j and k move, Enter opens, / searches (yiwang.js).

let bound = false;

export default function bind() {
  if (bound) return;
  bound = true;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, button, [contenteditable], dialog")) return;
    const rows = [...document.querySelectorAll("[data-desk-keys] tbody tr")];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "j") select(rows, Math.min(at + 1, rows.length - 1));
    else if (event.key === "k") select(rows, Math.max(at - 1, 0));
    else if (event.key === "Enter" && at >= 0 && !event.target.closest("a")) open(rows[at]);
  });
}

function select(rows, index) {
  rows.forEach((row, one) => row.setAttribute("aria-selected", String(one === index)));
  rows[index].scrollIntoView({ block: "nearest" });
  rows[index].querySelector("a")?.focus({ preventScroll: true });
}

function open(row) {
  const link = row.querySelector("a");
  if (link) link.click();
  else if (row.dataset.href) location.assign(row.dataset.href);
}
