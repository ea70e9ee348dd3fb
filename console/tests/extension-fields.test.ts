import { describe, expect, it } from "vitest";
import type { ExtensionFields } from "../src/api/types";
import { asTable, bulkNumbers } from "../src/extensions/bulk";
import { changed, clashes, creation, merged, NEW } from "../src/extensions/fields";

const BASE = { ...NEW, number: "100", name: "Alice" };

describe("two people who change one extension", () => {
  it("clash where both changed the same field differently", () => {
    const mine = { ...BASE, name: "Alice A", ring_s: 20 };
    const theirs = { ...BASE, name: "Alice B", email: "a@example.org" };
    expect(clashes(BASE, mine, theirs)).toEqual([{ field: "name", mine: "Alice A", theirs: "Alice B" }]);
    expect(merged(BASE, mine, theirs)).toEqual({ ...BASE, name: "Alice A", ring_s: 20, email: "a@example.org" });
  });

  it("do not clash where both wanted the same", () => {
    const both: ExtensionFields = { ...BASE, codecs: ["opus"] };
    expect(clashes(BASE, both, { ...both, codecs: [...both.codecs] })).toEqual([]);
  });
});

describe("what is sent", () => {
  it("is only what differs", () => {
    expect(changed(BASE, { ...BASE, codecs: ["opus", "alaw"] })).toEqual({ codecs: ["opus", "alaw"] });
  });

  it("leaves an empty number to the server", () => {
    expect(creation({ ...NEW, number: "  " })).not.toHaveProperty("number");
    expect(creation({ ...NEW, number: " 100 " }).number).toBe("100");
  });
});

describe("a bulk", () => {
  it("keeps leading zeros and never grows a digit", () => {
    expect(bulkNumbers("008", 3)).toEqual(["008", "009", "010"]);
    expect(bulkNumbers("99", 1)).toEqual(["99"]);
    expect(bulkNumbers("99", 2)).toEqual([]);
  });

  it.each([
    ["1", 5],
    ["12a", 5],
    ["100", 0],
    ["100", 1_001],
    ["100", 1.5],
  ])("of %s and %d is none", (start, count) => {
    expect(bulkNumbers(start, count)).toEqual([]);
  });

  it("is copied as a table", () => {
    expect(asTable([{ number: "100", name: "A B", secret: "s" }])).toBe("number\tname\tsecret\n100\tA B\ts");
  });
});
