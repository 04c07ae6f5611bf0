// Leads npm bpmn-engine along the walks of traces.py.
//
//   NODE_PATH=FOLDER/node_modules node tests/oracles/bpmn_engine_walk.mjs traces.jsonl > bpmn_engine.jsonl
//
// One line a walk: {"net", "agrees", "why"}. Conditions become scripts over what was chosen.

import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";

const require = createRequire(path.join(process.env.NODE_PATH || ".", "x.js"));
const { Engine } = require("bpmn-engine");

const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
function whole({ xml, called }) {
  const processes = Object.values(called).map((text) => /<process .*<\/process>/s.exec(text)[0].replace('isExecutable="true"', 'isExecutable="false"'));
  return xml.replace("</definitions>", `${processes.join("")}</definitions>`);
}
function scripted(walk) {
  const xml = whole(walk);
  const tag = 'xsi:type="tFormalExpression" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" language="JavaScript"';
  return xml.replace(/<conditionExpression>(.*?)<\/conditionExpression>/g, (all, text) => {
    const [, name, sign, value] = /^(\w+) (\S+) (.+)$/.exec(unescaped(text));
    const place = `this.environment.services.chosen("${name}")`;
    const test = sign === "in" ? `${value}.includes(${place})` : `${place} ${sign === "==" ? "===" : sign} ${value}`;
    return `<conditionExpression ${tag}><![CDATA[next(null, ${test});]]></conditionExpression>`;
  });
}

// Every task is done and nothing waits, but the engine keeps a sequence flow and says that it still runs.
const UNREPORTED = "end not reported";

// The clock that bpmn-engine is shown: timers go off when a walk says that it is late enough.
class Timers {
  constructor(start) { this.now = Date.parse(start); this.set = new Set(); }
  get executing() { return [...this.set]; }
  register() {
    return { setTimeout: this.setTimeout.bind(this), clearTimeout: this.clearTimeout.bind(this) };
  }
  setTimeout(call, delay, ...args) {
    const timer = { call, args, due: this.now + delay };
    this.set.add(timer);
    return timer;
  }
  clearTimeout(timer) { this.set.delete(timer); }
  advance(at) {
    this.now = Date.parse(at);
    for (const timer of [...this.set].filter((one) => one.due <= this.now)) {
      if (this.set.delete(timer)) timer.call(...timer.args);
    }
  }
}

const PEOPLE = new Set(["bpmn:UserTask", "bpmn:ManualTask"]);

async function follow(walk) {
  const listener = new EventEmitter();
  const waiting = new Map(); // execution id -> api
  listener.on("activity.wait", (api) => { if (PEOPLE.has(api.type)) waiting.set(api.executionId, api); });
  listener.on("activity.leave", (api) => {
    for (const [key, one] of waiting) if (one.id === api.id) waiting.delete(key);
  });
  const timers = new Timers(walk.start);
  const values = {};
  const services = { chosen: (name) => values[name] };
  const engine = new Engine({ name: walk.net, source: scripted(walk), services, timers });
  let failed = "";
  let ended = false;
  engine.on("error", (error) => { failed = error.message; });
  engine.on("end", () => { ended = true; });
  const execution = await engine.execute({ listener });
  const settle = () => new Promise((resolve) => { setImmediate(resolve); });
  for (const [number, step] of walk.steps.entries()) {
    await settle();
    if (failed) return `step ${number}: ${failed}`;
    const names = [...waiting.values()].map((api) => api.id).sort();
    if (JSON.stringify(names) !== JSON.stringify(step.ready)) return `step ${number}: ready ${names}, ours ${step.ready}`;
    if (step.done) {
      timers.now = Date.parse(step.at);
      const [key, api] = [...waiting].find(([, one]) => one.id === step.done);
      waiting.delete(key);
      Object.assign(values, step.values);
      api.signal();
    } else if (step.sent) {
      timers.now = Date.parse(step.at);
      execution.signal({ id: step.sent });
    } else {
      timers.advance(step.at);
    }
  }
  for (let turn = 0; turn < 50 && !ended; turn += 1) await settle();
  if (failed) return `at the end: ${failed}`;
  if (!ended && walk.ended && waiting.size === 0) return UNREPORTED;
  const completed = ended && waiting.size === 0;
  if (completed !== walk.ended) return `at the end: completed ${completed}, ours ${walk.ended}, ready ${[...waiting.values()].map((api) => api.id)}`;
  return "";
}

const PATIENCE = 10000; // some nets send bpmn-engine into an endless circle of discarded flows

async function main() {
  let worker = null;
  for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
    worker ||= new Worker(fileURLToPath(import.meta.url));
    const walk = JSON.parse(line);
    const why = await new Promise((resolve) => {
      const timer = setTimeout(async () => {
        await worker.terminate();
        worker = null;
        resolve("does not come back");
      }, PATIENCE);
      worker.once("message", (said) => { clearTimeout(timer); resolve(said); });
      worker.postMessage(walk);
    });
    const agrees = !why || why === UNREPORTED;
    console.log(JSON.stringify({ net: walk.net, agrees, why }));
  }
  await worker?.terminate();
}

if (isMainThread) {
  await main();
} else {
  parentPort.on("message", async (walk) => {
    let why = "";
    try { why = await follow(walk); } catch (error) { why = `${error.name}: ${error.message}`.slice(0, 300); }
    parentPort.postMessage(why);
  });
}
