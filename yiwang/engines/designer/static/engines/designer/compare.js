// Two drawings beside each other (版本比较): what differs is marked, both move together.

const drawings = new Map();

export default async function compare(box) {
  const answer = await fetch(box.dataset.url, { headers: { Accept: "application/xml" } });
  if (!answer.ok) throw new Error(`${answer.status} ${box.dataset.url}`);
  const xml = await answer.text();
  box.replaceChildren();
  const viewer = new window.BpmnJS({ container: box });
  await viewer.importXML(xml);
  const canvas = viewer.get("canvas");
  const known = viewer.get("elementRegistry");
  for (const [id, kind] of Object.entries(JSON.parse(box.dataset.marks || "{}"))) {
    if (known.get(id)) canvas.addMarker(id, `designer-${kind}`);
  }
  canvas.zoom("fit-viewport", "auto");
  drawings.set(box.id, viewer);
  let busy = false;
  viewer.get("eventBus").on("canvas.viewbox.changed", ({ viewbox }) => {
    if (busy) return;
    busy = true;
    const { x, y, width, height } = viewbox;
    for (const other of drawings.values()) if (other !== viewer) other.get("canvas").viewbox({ x, y, width, height });
    requestAnimationFrame(() => { busy = false; });
  });
}

document.addEventListener("click", (event) => {
  const id = event.target.closest?.(".designer-jump")?.dataset.element;
  if (!id) return;
  for (const viewer of drawings.values()) {
    const shape = viewer.get("elementRegistry").get(id);
    if (!shape) continue;
    viewer.get("canvas").scrollToElement(shape);
    viewer.get("selection").select(shape);
  }
  document.querySelector(".designer-pair")?.scrollIntoView({ block: "start" });
});
