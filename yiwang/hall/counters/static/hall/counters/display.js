// The display reads calls out (语音叫号): each twice, one after the other; a call repeated is a new one.
// Browsers speak only after somebody touched the page, so sound is turned on by a button, once.

const screen = document.querySelector("[data-display]");
const button = document.querySelector("[data-sound]");
const speech = window.speechSynthesis;
const TIMES = 2;
const waiting = [];
let known = new Set();
let sounding = false;
let speaking = false;

const calls = () => [...screen.querySelectorAll("[data-call]")].reverse(); // the earliest call first

function speak() {
  const text = waiting.shift();
  if (!text) {
    speaking = false;
    return;
  }
  speaking = true;
  const said = new SpeechSynthesisUtterance(text);
  said.lang = screen.dataset.language;
  said.rate = 0.9;
  said.onend = said.onerror = speak;
  speech.speak(said);
}

function heard() {
  const found = calls();
  for (const row of found) {
    if (!sounding || known.has(row.dataset.call) || !row.dataset.say) continue;
    for (let time = 0; time < TIMES; time += 1) waiting.push(row.dataset.say);
  }
  known = new Set(found.map((row) => row.dataset.call));
  if (!speaking) speak();
}

function sound(on) {
  sounding = on;
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("[data-sound-on]").hidden = on;
  button.querySelector("[data-sound-off]").hidden = !on;
  if (!on) {
    waiting.length = 0;
    speech.cancel();
    return;
  }
  known = new Set(); // who is being called at this moment is called aloud
  heard();
}

if (screen && button && speech) {
  button.hidden = false;
  known = new Set(calls().map((row) => row.dataset.call));
  button.addEventListener("click", () => sound(!sounding));
  document.body.addEventListener("htmx:afterSwap", heard);
}
