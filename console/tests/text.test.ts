import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ApiError } from "../src/api/problem";
import { english } from "../src/i18n";
import { dialable } from "../src/softphone/model";
import { clock } from "../src/ui/time";

describe("a number as people write it", () => {
  it.each([
    ["+1 (555) 010-0200", "+15550100200"],
    ["*43", "*43"],
    ["040/123.45", "04012345"],
    ["", ""],
    ["bob", ""],
    ["100;tag=1", ""],
    ["1+2", ""],
  ])("%s dials %s", (text, number) => {
    expect(dialable(text)).toBe(number);
  });
});

describe("a duration", () => {
  it.each([
    [0, "0:00"],
    [59.9, "0:59"],
    [61, "1:01"],
    [3_599, "59:59"],
    [3_600, "1:00:00"],
    [-4, "0:00"],
  ])("of %d s reads %s", (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });
});

describe("a problem", () => {
  it("brings its errors to their fields, those of list members to the list", () => {
    const errors = [
      { field: "number", code: "taken", detail: "Taken." },
      { field: "permit_ip.1", code: "bad_format", detail: "Not an address." },
      { field: "permit_ip.3", code: "bad_format", detail: "Nor this." },
    ];
    expect(new ApiError(422, { errors }).byField()).toEqual({
      number: ["Taken."],
      permit_ip: ["Not an address.", "Nor this."],
    });
  });
});

describe("the catalogues", () => {
  it("hold no text that nothing shows", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => readFileSync(`src/${name}`, "utf8"))
      .join("\n");
    const unused = Object.values(english)
      .flatMap((catalogue) => keysOf(catalogue))
      .filter((key) => !sources.includes(`"${key}"`) && !isBuilt(key, sources));
    expect(unused).toEqual([]);
  });
});

function keysOf(catalogue: object, before = ""): string[] {
  return Object.entries(catalogue).flatMap(([key, value]) =>
    typeof value === "string" ? [before + key.replace(/_(one|other)$/, "")] : keysOf(value, `${before}${key}.`),
  );
}

/** `state.idle` is used by a template such as `state.${state}`. */
function isBuilt(key: string, sources: string): boolean {
  return sources.includes(`\`${key.slice(0, key.lastIndexOf(".") + 1)}\${`);
}
