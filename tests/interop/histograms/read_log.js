// Reads an interval log with HdrHistogram's own reader and prints, for each tag, what the sum of its lines holds.
//
//   node read_log.js MODULES_FOLDER LOG
"use strict";

const fs = require("fs");
const path = require("path");
const hdr = require(path.join(process.argv[2], "node_modules", "hdr-histogram-js"));

const PERCENTILES = [50, 90, 99, 99.9];
const reader = new hdr.HistogramLogReader(fs.readFileSync(process.argv[3], "utf8"));
const sums = {};
let lines = 0;
for (let histogram; (histogram = reader.nextIntervalHistogram()) !== null; lines += 1) {
  const sum = sums[histogram.tag] ?? (sums[histogram.tag] = hdr.build({
    lowestDiscernibleValue: 1000, highestTrackableValue: 3600e9, numberOfSignificantValueDigits: 3 }));
  sum.add(histogram);
}
const result = {};
for (const [tag, sum] of Object.entries(sums)) {
  result[tag] = { count: sum.totalCount, percentiles: PERCENTILES.map((p) => sum.getValueAtPercentile(p)) };
}
console.log(JSON.stringify({ lines, tags: result }));
