// Holds Kubernetes manifests against the schemas of their kinds, as Istio and Envoy Gateway publish them. A cluster drops what a
// schema does not know without a word, so a field that may hold anything is a fault too.
// Usage: node check.mjs FILE...; a line for each fault.

import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

// Anything may be there: what is Envoy's, or the filter's own.
const FREE = new Set(["config", "pluginConfig", "value"]);

const faults = [];
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    const manifest = document.toJS();
    const check = await schema(manifest);
    const said = (place, message) => faults.push(`${file}: ${manifest.kind} /${place.join("/")}: ${message}`);
    const errors = check(manifest);
    errors.forEach((error) => said(error.instancePath.split("/").slice(1), error.message));
    if (errors.length > 0) continue;
    for (const place of unknown(check, manifest, manifest, [])) said(place, "no such field");
  }
}
faults.forEach((fault) => console.log(fault));
process.exitCode = faults.length > 0 ? 1 : 0;

async function schema({ apiVersion, kind }) {
  const [group, version] = apiVersion.split("/");
  const models = group.endsWith("istio.io") ? "istio" : "envoy-gateway";
  const { [kind]: Kind } = await import(`@kubernetes-models/${models}/${group}/${version}/${kind}`);
  return (manifest) => {
    try {
      new Kind(manifest).validate();
      return [];
    } catch (error) {
      if (error.errors === undefined) throw error;
      return error.errors;
    }
  };
}

// The places that may hold anything, as lists of keys.
function* unknown(check, manifest, value, place) {
  if (FREE.has(place.at(-1))) return;
  if (place.length > 0 && check(nonsense(manifest, place)).length === 0) yield place;
  else if (value !== null && typeof value === "object") {
    for (const key of Object.keys(value)) yield* unknown(check, manifest, value[key], [...place, key]);
  }
}

// The manifest with something in one place that no type there takes.
function nonsense(manifest, place) {
  const changed = structuredClone(manifest);
  const parent = place.slice(0, -1).reduce((value, key) => value[key], changed);
  const key = place.at(-1);
  parent[key] = typeof parent[key] === "object" ? 7 : {};
  return changed;
}
