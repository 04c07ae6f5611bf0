// Chart island (图表): ECharts from a table's labels and series; the table itself stays below.

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export default function chart(box) {
  const { kind, labels, series } = box.dataset;
  const names = JSON.parse(labels);
  const data = JSON.parse(series);
  const drawn = window.echarts.init(box, null, { renderer: "canvas" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
  drawn.setOption({
    animation: !still,
    color: ["--jade", "--amber", "--moss", "--cinnabar", "--tile"].map(token),
    textStyle: { fontFamily: token("--font"), fontSize: size, color: token("--ink") },
    tooltip: { trigger: kind === "pie" ? "item" : "axis", renderMode: "richText" },
    legend: data.length > 1 ? { bottom: 0, textStyle: { fontSize: size } } : undefined,
    grid: { left: 12, right: 20, top: 20, bottom: data.length > 1 ? 36 : 12, containLabel: true },
    ...(kind === "pie" ? {} : { xAxis: { type: "category", data: names, axisLabel: { fontSize: size } }, yAxis: { type: "value", axisLabel: { fontSize: size } } }),
    series: data.map((one) => kind === "pie"
      ? { type: "pie", name: one.name, radius: ["40%", "70%"], label: { fontSize: size }, data: names.map((name, index) => ({ name, value: one.data[index] })) }
      : { type: kind, name: one.name, data: one.data, barMaxWidth: 36, symbolSize: 7 }),
    aria: { enabled: true, decal: { show: data.length > 1 } },
  });
  new ResizeObserver(() => drawn.resize()).observe(box);
}
