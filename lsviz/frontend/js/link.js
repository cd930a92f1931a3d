// An app's state in the page's address: ?app.P=300&app.h=4.5 (or the same after #). The page reads it once, Python
// answers with the state of the moment, and "Copy link" writes it out.
const PAIRS = (text) => [...new URLSearchParams(text.replace(/^[?#]/, ""))];
// What the page was opened with: JupyterLab takes it out of the address of a new workspace's first page before a notebook has run.
const opened = () => {
  const entry = performance.getEntriesByType("navigation")[0];
  const file = (path) => path.replace(/^.*\/tree\//, "");
  const url = entry ? new URL(entry.name) : location;
  return file(url.pathname) === file(location.pathname) ? url.search : "";
};
const fromAddress = (app) => {
  const found = {};
  for (const text of [opened(), location.search, location.hash]) {
    for (const [key, value] of PAIRS(text)) if (key.startsWith(`${app}.`)) found[key.slice(app.length + 1)] = value;
  }
  return found;
};
const address = (app, state) => {
  const keep = PAIRS(location.search).filter(([key]) => key !== "token" && !key.startsWith(`${app}.`));
  const mine = Object.entries(state).map(([key, value]) => [`${app}.${key}`, value]);
  const words = (pairs) => pairs.map((pair) => pair.map((part) => encodeURIComponent(part).replaceAll("%2C", ",")).join("=")).join("&");
  const query = words([...keep, ...mine]);
  return location.origin + location.pathname + (query ? `?${query}` : "");
};
const copy = async (text) => {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
};

function render({ model, el }) {
  el.classList.add("lsviz-copylink");
  const button = make("button", { type: "button", class: "lsviz-button jupyter-button", text: model.get("label") });
  const field = make("input", { type: "text", readonly: true, hidden: true, "aria-label": "link to this state" });
  const said = make("span", { class: "lsviz-said", role: "status" });
  el.replaceChildren(button, field, said);
  let timer = 0;
  const say = (text) => { setText(said, text); clearTimeout(timer); timer = setTimeout(() => setText(said, ""), 4000); };
  button.addEventListener("click", async () => {
    const link = address(model.get("app"), model.get("state"));
    if (await copy(link)) { field.hidden = true; say("Link copied"); return; }
    field.value = link;
    field.hidden = false;
    field.focus();
    field.select();
    say("Copy this link");
  });
  model.on("change:label", () => setText(button, model.get("label")));
  const found = fromAddress(model.get("app"));
  if (Object.keys(found).length && !model.get("restored")) model.send({ found });
  return () => clearTimeout(timer);
}
export default { render };
