// Accessible names for ipywidgets' controls: its sliders carry none. Works on everything inside the app's box, also
// on what is drawn later. names: {description: spoken name}, units: {description: unit}.
function render({ model, el, signal: given }) {
  const ended = new AbortController();
  given?.addEventListener("abort", () => ended.abort());
  el.classList.add("lsviz-access");
  let root = null, queued = false;
  const described = (widget) => {
    const label = widget.querySelector(":scope > .widget-label, :scope > label, :scope > .jupyter-widget-label");
    return (label?.textContent || widget.getAttribute("aria-label") || widget.title || "").trim();
  };
  const spoken = (key) => model.get("names")[key] || key;
  const withUnit = (key, text) => [text, model.get("units")[key]].filter(Boolean).join(" ");

  const nameSlider = (widget) => {
    const key = described(widget), name = spoken(key);
    const handles = widget.querySelectorAll(".noUi-handle"), readout = widget.querySelector(".widget-readout, .jupyter-widget-readout");
    const parts = (readout?.textContent || "").split("–").map((part) => part.trim());
    handles.forEach((handle, i) => {
      const end = handles.length > 1 ? (i ? ", upper end" : ", lower end") : "";
      if (name) setAttribute(handle, "aria-label", name + end);
      const value = handles.length > 1 && parts.length > 1 ? parts[i] : readout?.textContent?.trim();
      if (value) setAttribute(handle, "aria-valuetext", withUnit(key, value));
    });
    if (readout?.isContentEditable || readout?.getAttribute("contenteditable") === "true") {
      setAttribute(readout, "role", "textbox");
      setAttribute(readout, "tabindex", "0");
      if (name) setAttribute(readout, "aria-label", `${name}, type a number`);
    }
  };
  const nameGroup = (widget) => {
    const name = spoken(described(widget));
    setAttribute(widget, "role", "group");
    if (name) setAttribute(widget, "aria-label", name);
    widget.querySelectorAll("button").forEach((button) =>
      setAttribute(button, "aria-pressed", String(button.classList.contains("mod-active"))));
  };
  const nameField = (field) => {
    const widget = field.closest(".jupyter-widgets");
    const seen = [...(field.labels ?? [])].map((label) => label.textContent.trim()).join(" ");
    if (seen && spoken(seen) === seen) return;        // its own label says it
    const slider = widget?.parentElement?.querySelector(".noUi-target")?.closest(".jupyter-widgets");
    const name = seen ? spoken(seen) : field.title || widget?.title || (slider ? `${spoken(described(slider))}, as a number` : "");
    if (name) setAttribute(field, "aria-label", name);
  };
  const sweep = () => {
    queued = false;
    if (!root) return;
    root.querySelectorAll(".noUi-target").forEach((target) => {
      const widget = target.closest(".widget-slider, .jupyter-widget-slider, .jupyter-widgets");
      if (widget) nameSlider(widget);
    });
    root.querySelectorAll(".widget-toggle-buttons, .jupyter-widget-toggle-buttons").forEach(nameGroup);
    root.querySelectorAll("select, input:not([type=checkbox])").forEach(nameField);
    root.querySelectorAll(".widget-button[title], .jupyter-button[title]").forEach((button) => {
      if (!button.textContent.trim() && button.title) setAttribute(button, "aria-label", button.title);
    });
  };
  const soon = () => { if (!queued) { queued = true; (document.hidden ? setTimeout : requestAnimationFrame)(sweep); } };
  const observer = new MutationObserver((changes) => {
    if (changes.some((change) => !(change.target.nodeType === 1 ? change.target : change.target.parentElement)?.closest(".lsviz-picture"))) soon();
  });
  const start = () => {            // the view is rendered before it is put into the page
    root = el.closest(".lsviz-app") || el.parentElement?.closest(".widget-box, .jupyter-widget-box") || el.parentElement;
    if (!root) { if (!ended.signal.aborted) setTimeout(start, 50); return; }
    const title = model.get("title");
    if (title) {
      const same = [...document.querySelectorAll(".lsviz-app[role=region]")].filter((other) => other !== root && other.dataset.title === title).length;
      root.dataset.title = title;
      setAttribute(root, "role", "region");
      setAttribute(root, "aria-label", same ? `${title} (${same + 1})` : title);
    }
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true,
      attributeFilter: ["aria-valuetext", "class"] });
    sweep();
  };
  model.on("change:names", soon);
  model.on("change:units", soon);
  start();
  return () => { ended.abort(); observer.disconnect(); };
}
export default { render };
