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

function light(node, backward) {
  unlit();
  point(node);
  if (node === null) return;
  for (const element of inPicture(`g[data-node="${of(node)}"]`)) element.classList.add("lit");
  for (const row of document.querySelectorAll(`tr[data-node="${node}"]`)) row.classList.add("lit");
  if (backward === null) return;
  const side = backward ? "data-to" : "data-node";
  for (const element of inPicture(`[${side}="${of(node)}"]`)) {
    if (element.tagName === "path" || element.classList.contains(backward ? "gradient" : "value")) {
      element.classList.add("lit");
    }
  }
}

function know() {
  document.body.classList.toggle("stepping", at >= 0);
  for (const element of inPicture("text.value, text.gradient")) element.classList.remove("known");
  for (const step of steps.slice(0, at + 1)) {
    const node = of(Number(step.dataset.node));
    const backward = step.dataset.pass === "backward";
    const found = backward
      ? [...inPicture(`text.gradient[data-to="${node}"]`), ...inPicture(`g[data-node="${node}"] text.gradient`)]
      : inPicture(`text.value[data-node="${node}"]`);
    if (backward && Number(step.dataset.node) === data.output) {
      found.push(...inPicture('text.gradient[data-to=""]'));
    }
    for (const element of found) element.classList.add("known");
  }
}

function go(to) {
  at = Math.max(-1, Math.min(steps.length - 1, to));
  know();
  for (const step of steps) step.removeAttribute("aria-current");
  buttons.first.disabled = buttons.back.disabled = at < 0;
  buttons.next.disabled = buttons.last.disabled = at === steps.length - 1;
  count.textContent = `${at + 1} of ${steps.length}`;
  if (at < 0) {
    light(null, null);
    now.textContent = data.start;
    return;
  }
  const step = steps[at];
  light(Number(step.dataset.node), step.dataset.pass === "backward");
  step.classList.add("lit");
  step.setAttribute("aria-current", "step");
  now.textContent = step.innerText;
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
  element.addEventListener("mouseleave", () => go(at));
}
go(-1);
