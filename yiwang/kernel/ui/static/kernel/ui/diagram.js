// Diagram island (流程图): the BPMN model with where the work stands now and what is done.

export default async function diagram(box) {
  const answer = await fetch(box.dataset.url, { headers: { Accept: "application/xml" } });
  if (!answer.ok) throw new Error(`${answer.status} ${box.dataset.url}`);
  const xml = await answer.text();
  box.replaceChildren();
  const viewer = new window.BpmnJS({ container: box });
  await viewer.importXML(xml);
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const known = viewer.get("elementRegistry");
  for (const [state, symbol] of [["done", "check-circle-fill"], ["active", "play-circle-fill"]]) {
    for (const id of JSON.parse(box.dataset[state] || "[]").filter((one) => known.get(one))) {
      canvas.addMarker(id, `yw-${state}`);
      if (known.get(id).waypoints) continue;
      const mark = document.createElement("i");
      mark.className = `bi bi-${symbol} yw-marker yw-marker-${state}`;
      overlays.add(id, { position: { top: -9, right: 9 }, html: mark });
    }
  }
  const fit = () => {
    canvas.resized();
    if (!(box.clientWidth > 0 && box.clientHeight > 0)) return;
    const { x, y, width, height } = canvas.viewbox().inner;
    const below = (44 * Math.max(width / box.clientWidth, height / box.clientHeight)); // the mark of bpmn.io must stay free
    canvas.viewbox({ x: x - 16, y: y - 16, width: width + 32, height: height + 16 + below });
  };
  fit();
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(box);
  box.addEventListener("keydown", (event) => {
    const step = { "+": 1, "=": 1, "-": -1 }[event.key];
    if (step) viewer.get("zoomScroll").stepZoom(step);
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (moves[event.key]) { canvas.scroll({ dx: moves[event.key][0], dy: moves[event.key][1] }); event.preventDefault(); }
    if (event.key === "0") fit();
  });
}
