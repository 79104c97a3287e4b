"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const program = document.getElementById("program");
const now = document.getElementById("now");
const count = document.getElementById("count");
const steps = [...document.querySelectorAll("li[data-step]")];
const buttons = Object.fromEntries([...document.querySelectorAll("button")].map((b) => [b.id, b]));
let at = -1;

const of = (node) => data.owner[node];
const inPicture = (selector) => [...document.querySelectorAll(`svg ${selector}`)];

function unlit() {
  for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
}

function point(node) {
  const span = node === null ? null : data.spans[node];
  program.textContent = "";
  const text = [...data.program];
  if (!span) {
    program.append(data.program);
    return;
  }
  const mark = document.createElement("mark");
  mark.append(text.slice(span[0], span[1]).join(""));
  program.append(text.slice(0, span[0]).join(""), mark, text.slice(span[1]).join(""));
}

// A wire is lit on the way forward where its value has been computed, and on the way back where the node
// that it leads to sends something along it: that node may be inside of a box that stands for several. A leaf
// sends nothing on: the wires along which its gradient arrived are lit.
function light(node, backward) {
  unlit();
  point(node);
  if (node === null) return;
  const found = [...inPicture(`g[data-node="${of(node)}"]`), ...document.querySelectorAll(`tr[data-node="${node}"]`)];
  if (backward !== null) {
    const wires = backward ? inPicture(`[data-feeds~="${node}"]`) : [];
    if (!wires.length) wires.push(...inPicture(`[data-node="${node}"]`));
    if (backward && node === data.output) wires.push(...inPicture('[data-to=""]'));
    const style = backward ? "gradient" : "value";
    found.push(...wires.filter((e) => e.tagName === "path" || e.classList.contains(style)));
  }
  for (const element of found) element.classList.add("lit");
}

// The numbers in the picture, each with the step at which it becomes known.
function numbers() {
  const forward = {}, backward = {};
  steps.forEach((step, number) => {
    (step.dataset.pass === "backward" ? backward : forward)[step.dataset.node] = number;
  });
  const last = (nodes) => Math.max(0, ...nodes.map((node) => backward[node] ?? 0));
  return inPicture("text.value, text.gradient").map((element) => {
    const { node, to, feeds } = element.dataset;
    if (element.classList.contains("value")) return [element, forward[node] ?? 0];
    if (node === undefined) return [element, last([element.parentNode.dataset.node])];
    return [element, last(to === "" ? [data.output] : feeds.split(" "))];
  });
}

const known = numbers();

function show() {
  if (at < 0) {
    light(null, null);
    return;
  }
  const step = steps[at];
  light(Number(step.dataset.node), step.dataset.pass === "backward");
  step.classList.add("lit");
}

function go(to) {
  at = Math.max(-1, Math.min(steps.length - 1, to));
  document.body.classList.toggle("stepping", at >= 0);
  for (const [element, step] of known) element.classList.toggle("known", step <= at);
  for (const step of document.querySelectorAll("[aria-current]")) step.removeAttribute("aria-current");
  buttons.first.disabled = buttons.back.disabled = at < 0;
  buttons.next.disabled = buttons.last.disabled = at === steps.length - 1;
  count.textContent = `${at + 1} of ${steps.length}`;
  show();
  if (at < 0) {
    now.textContent = data.start;
    return;
  }
  steps[at].setAttribute("aria-current", "step");
  now.textContent = [...steps[at].querySelectorAll("p")].map((line) => line.textContent).join("\n");
  for (const box of inPicture("g.lit")) box.scrollIntoView({ block: "nearest", inline: "center" });
}

buttons.first.onclick = () => go(-1);
buttons.back.onclick = () => go(at - 1);
buttons.next.onclick = () => go(at + 1);
buttons.last.onclick = () => go(steps.length - 1);
steps.forEach((step, number) => {
  step.onclick = () => go(number);
  step.onkeydown = (event) => { if (event.key === "Enter") go(number); };
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: -1, End: steps.length - 1 };
  if (event.key in moves) {
    event.preventDefault();
    go(moves[event.key]);
  }
});
for (const element of document.querySelectorAll("svg g[data-node], tr[data-node]")) {
  element.addEventListener("mouseenter", () => light(Number(element.dataset.node), null));
  element.addEventListener("mouseleave", show);
}
go(-1);
