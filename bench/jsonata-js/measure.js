// node measure.js PLAN: as asl_bench (bench/asl.cc) for the plan's queries, with jsonata-js. Processor time of the whole
// process: its compiler's and collector's threads would share the one core too.
const fs = require("fs");
const jsonata = require("jsonata");

function processorUs() {
  const used = process.cpuUsage();
  return used.user + used.system;
}

async function usOf(turnMs, once) {
  for (let calls = 1; ; calls *= 2) {
    const begun = processorUs();
    for (let n = 0; n < calls; ++n) await once();
    const us = processorUs() - begun;
    if (us >= turnMs * 1e3) return us / calls;
  }
}

async function main() {
  const plan = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  const queries = plan.queries.map(({ name, text }) => ({ name, compiled: jsonata(text), us: [] }));
  const told = { version: require("jsonata/package.json").version, queries: {} };
  // One turn goes ahead unmeasured: the compiler's.
  for (let turn = -1; turn < plan.turns; ++turn)
    for (const q of queries) {
      const us = await usOf(plan.turn_ms, () => q.compiled.evaluate(plan.data));
      if (turn >= 0) q.us.push(us);
    }
  for (const q of queries) told.queries[q.name] = { us: q.us, answer: await q.compiled.evaluate(plan.data) };
  console.log(JSON.stringify(told));
}

main();
