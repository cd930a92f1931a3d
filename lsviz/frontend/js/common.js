// Shared by every widget: this text stands before each widget's own (an ES module may import nothing here).
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
};
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setAttribute = (node, name, value) => { if (node.getAttribute(name) !== value) node.setAttribute(name, value); };
const onVoila = () => document.body?.dataset.voila !== undefined;

// Dark or light: JupyterLab and our Voilà page say so on <body>; anywhere else the reader's system does.
const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");
const pageIsDark = () => {
  const light = document.body.getAttribute("data-jp-theme-light");
  return light === null ? darkQuery.matches : light === "false";
};
const watchTheme = (callback, signal) => {
  const observer = new MutationObserver(callback);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  darkQuery.addEventListener("change", callback, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
};

// The server's address, and what it says of a kernel: "idle", "busy", …, "gone"; null = cannot be known.
const baseUrl = () => {
  const config = document.getElementById("jupyter-config-data");
  try { return JSON.parse(config.textContent).baseUrl ?? null; } catch { return null; }
};
const askServer = async (kernel) => {
  const base = baseUrl();
  if (base === null || !kernel) return null;
  try {
    const answer = await fetch(`${base}api/kernels/${kernel}`, { cache: "no-store" });
    if (answer.ok) return (await answer.json()).execution_state;
    return answer.status === 404 ? "gone" : null;
  } catch { return "gone"; }
};
// One question for all pictures of a page: each widget has a module of its own, so the answer is kept on the window.
const kernelState = (kernel) => {
  const kept = (window.lsvizKernels ??= {})[kernel];
  if (kept && Date.now() - kept.at < 1000) return kept.answer;
  const answer = askServer(kernel);
  window.lsvizKernels[kernel] = { at: Date.now(), answer };
  return answer;
};

// Tells a screen reader what a settled picture says, once the hand has rested.
function announcer(region) {
  let timer = 0, last = "";
  return (text, settled) => {
    clearTimeout(timer);
    if (!settled || text === last) return;
    timer = setTimeout(() => { last = text; region.textContent = text; }, 400);
  };
}

const offerFile = (name, parts, type) => {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = make("a", { href: url, download: name, text: name });
  document.body.append(link);
  link.click();
  link.remove();
  return url;
};
