// Map island (地图): MapLibre with an empty local style. No tiles, nothing from elsewhere.
// data-url: GeoJSON (WGS 84) of the first layer; data-layers: [{url, colour, label}, …] more of them.

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function read(url) {
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.json();
}

function bounds(collections) {
  const box = [180, 90, -180, -90];
  const walk = (part) => {
    if (typeof part[0] === "number") {
      box[0] = Math.min(box[0], part[0]); box[1] = Math.min(box[1], part[1]);
      box[2] = Math.max(box[2], part[0]); box[3] = Math.max(box[3], part[1]);
    } else part.forEach(walk);
  };
  for (const one of collections) for (const feature of one.features) if (feature.geometry) walk(feature.geometry.coordinates);
  return box[0] > box[2] ? null : [[box[0], box[1]], [box[2], box[3]]];
}

const many = (data) => data.features.length > 30;

// The centre of the largest ring of an area, weighted by its surface.
function centre(geometry) {
  const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((one) => one[0]);
  let best = { surface: 0, place: rings[0][0] };
  for (const ring of rings) {
    let [surface, x, y] = [0, 0, 0];
    for (let i = 0; i < ring.length - 1; i++) {
      const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
      surface += cross; x += (ring[i][0] + ring[i + 1][0]) * cross; y += (ring[i][1] + ring[i + 1][1]) * cross;
    }
    if (Math.abs(surface) > best.surface) best = { surface: Math.abs(surface), place: [x / (3 * surface), y / (3 * surface)] };
  }
  return best.place;
}

// Names of a few areas as text of the page: no glyph files, and they grow with large print.
function names(map, data, label) {
  const areas = data.features.filter((one) => one.geometry?.type.endsWith("Polygon") && one.properties[label]);
  if (areas.length > 40) return;
  for (const area of areas) {
    const element = document.createElement("span");
    element.className = "map-label";
    element.textContent = area.properties[label];
    new window.maplibregl.Marker({ element }).setLngLat(centre(area.geometry)).addTo(map);
    for (const name of ["aria-label", "role", "tabindex"]) element.removeAttribute(name); // text, not a button
  }
}

function add(map, data, { id, colour, label }) {
  map.addSource(id, { type: "geojson", data, generateId: true });
  const only = (...kinds) => ["in", ["geometry-type"], ["literal", kinds.flatMap((kind) => [kind, `Multi${kind}`])]];
  map.addLayer({ id: `${id}-area`, type: "fill", source: id, filter: only("Polygon"), paint: { "fill-color": colour, "fill-opacity": ["case", ["boolean", ["feature-state", "over"], false], 0.35, 0.14] } });
  map.addLayer({ id: `${id}-line`, type: "line", source: id, filter: only("Polygon", "LineString"), paint: { "line-color": ["coalesce", ["get", "colour"], colour], "line-width": ["match", ["geometry-type"], "LineString", 2.5, "MultiLineString", 2.5, 1.2] } });
  map.addLayer({ id: `${id}-point`, type: "circle", source: id, filter: only("Point"), paint: { "circle-color": colour, "circle-radius": many(data) ? ["interpolate", ["linear"], ["zoom"], 8, 1.5, 11, 3, 14, 7] : 6, "circle-stroke-color": "#fff", "circle-stroke-width": many(data) ? ["interpolate", ["linear"], ["zoom"], 8, 0, 11, 1, 14, 2] : 2 } });
  const layers = [`${id}-area`, `${id}-line`, `${id}-point`];
  names(map, data, label);
  let over = null;
  map.on("mousemove", layers[0], (event) => {
    if (over !== null) map.setFeatureState({ source: id, id: over }, { over: false });
    over = event.features[0].id;
    map.setFeatureState({ source: id, id: over }, { over: true });
    map.getCanvas().style.cursor = "pointer";
  });
  map.on("mouseleave", layers[0], () => {
    if (over !== null) map.setFeatureState({ source: id, id: over }, { over: false });
    over = null;
    map.getCanvas().style.cursor = "";
  });
  map.on("click", layers, (event) => show(map, event.features[0], event.lngLat, label));
}

function show(map, feature, place, label) {
  const text = document.createElement("div");
  text.className = "map-popup";
  const name = feature.properties[label] ?? feature.properties.name ?? "";
  const { url } = feature.properties;
  const title = document.createElement(url ? "a" : "strong");
  title.textContent = name;
  if (url?.startsWith("/")) title.href = url;
  text.append(title);
  new window.maplibregl.Popup({ closeButton: true, maxWidth: "18rem" }).setLngLat(place).setDOMContent(text).addTo(map);
}

export default async function map(box) {
  const { maplibregl } = window;
  maplibregl.setWorkerUrl(box.dataset.worker);
  const layers = [{ url: box.dataset.url, colour: token("--jade"), label: box.dataset.label }, ...JSON.parse(box.dataset.layers || "[]")];
  const data = await Promise.all(layers.map((one) => read(one.url)));
  box.replaceChildren();
  const drawn = new maplibregl.Map({
    container: box,
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": token("--wall") } }] },
    bounds: bounds(data) ?? undefined,
    fitBoundsOptions: { padding: 24 },
    attributionControl: false,
    cooperativeGestures: true,
    locale: JSON.parse(box.dataset.texts || "{}"),
  });
  drawn.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  await new Promise((resolve) => drawn.once("load", resolve));
  layers.forEach((one, index) => add(drawn, data[index], { id: `layer-${index}`, colour: one.colour ?? token("--amber"), label: one.label ?? "name" }));
  // A row of the list beside that carries data-feature="<label>" shows its place.
  box.closest("figure").addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-feature]")?.dataset.feature;
    const feature = wanted && data.flatMap((one) => one.features).find((one) => String(one.properties[box.dataset.label]) === wanted);
    if (!feature) return;
    const place = bounds([{ features: [feature] }]);
    drawn.fitBounds(place, { padding: 48, maxZoom: 14 });
    show(drawn, feature, [(place[0][0] + place[1][0]) / 2, (place[0][1] + place[1][1]) / 2], box.dataset.label);
  });
}
