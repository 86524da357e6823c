"use strict";
const form = document.getElementById("filter");
const checks = [...document.querySelectorAll(".check")];
const texts = new Map(checks.map((each) => [each, each.textContent.toLowerCase()]));

function apply() {
  const given = new FormData(form);
  const results = given.getAll("result"), levels = given.getAll("level");
  const profile = given.get("profile");
  const words = given.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const each of checks) {
    const { result, level } = each.dataset;
    const fits = (!results.length || results.includes(result)) && (!levels.length || levels.includes(level))
      && (!profile || each.dataset.profile === profile) && words.every((word) => texts.get(each).includes(word));
    each.hidden = !fits;
    count += fits;
  }
  document.getElementById("count").value = `${count} of ${checks.length} checks`;
  document.getElementById("nothing").hidden = count > 0;
}

function choose(name, values) {
  for (const box of form.elements[name].length === undefined ? [form.elements[name]] : form.elements[name]) {
    box.checked = values.includes(box.value);
  }
}

form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(apply));
document.getElementById("all").addEventListener("click", () => form.reset());
for (const cell of document.querySelectorAll(".cell")) {
  cell.addEventListener("click", () => {
    form.reset();
    choose("level", [cell.dataset.level]);
    form.elements.profile.value = cell.dataset.profile;
    setTimeout(() => { apply(); form.scrollIntoView(); });
  });
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
}
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
function open_named() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.matches(".check")) { named.open = true; named.scrollIntoView(); }
}
addEventListener("hashchange", open_named);
for (const each of checks) {
  each.addEventListener("toggle", () => { if (each.open) history.replaceState(null, "", `#${each.id}`); });
}
apply();
open_named();
