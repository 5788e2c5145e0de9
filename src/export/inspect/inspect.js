"use strict";
// Layers are shown and hidden; a block and its text light up together; n and p go from page to page.
for (const box of document.querySelectorAll("[data-layer]")) {
  const show = () => document.querySelectorAll("svg ." + box.dataset.layer + ":not(rect)")
    .forEach((layer) => layer.classList.toggle("hidden", !box.checked));
  box.addEventListener("change", show);
  show();
}
const both = (id) => document.querySelectorAll(`[data-block="${id}"]`);
for (const part of document.querySelectorAll("[data-block]")) {
  const id = part.dataset.block;
  const light = (on) => both(id).forEach((other) => other.classList.toggle("on", on));
  part.addEventListener("pointerenter", () => light(true));
  part.addEventListener("pointerleave", () => light(false));
  part.addEventListener("click", () => both(id).forEach((other) => {
    if (other !== part) other.scrollIntoView({ block: "nearest" });
  }));
}
document.addEventListener("keydown", (event) => {
  const step = { n: 1, p: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const pages = [...document.querySelectorAll("section")];
  const top = document.querySelector("header").offsetHeight + 2;
  const here = pages.findLastIndex((page) => page.getBoundingClientRect().top <= top);
  const next = pages[Math.min(Math.max(here + step, 0), pages.length - 1)];
  if (next) window.scrollTo({ top: next.getBoundingClientRect().top + window.scrollY - top + 1 });
});
