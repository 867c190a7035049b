// Text that came from traffic. Whoever wrote it may want a reader to see something else.

/** A piece of text as it is, or the name of one character that would not be seen. */
export interface Piece {
  text: string;
  odd: boolean;
}

// Controls, soft hyphen, marks and overrides of direction, zero width, separators of lines, fillers, variation
// selectors, tags, surrogates that stand alone, and the mark of byte order.
const ODD =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const NAMES: Record<string, string> = { "\n": "LF", "\r": "CR", "\t": "TAB", "\0": "NUL" };

/** The text in pieces; more than `most` characters are cut, and the cut is a piece of its own. */
export function pieces(text: string, most = 2000): Piece[] {
  const shown = text.length > most ? text.slice(0, most) : text;
  const result: Piece[] = [];
  let from = 0;
  for (const match of shown.matchAll(ODD)) {
    if (match.index > from) result.push({ text: shown.slice(from, match.index), odd: false });
    const code = match[0].codePointAt(0) ?? 0;
    result.push({
      text: NAMES[match[0]] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`,
      odd: true,
    });
    from = match.index + match[0].length;
  }
  if (from < shown.length) result.push({ text: shown.slice(from), odd: false });
  if (shown.length < text.length) result.push({ text: `… ${text.length - most} more`, odd: true });
  return result;
}

/** The same in one text, for labels and titles. */
export const visible = (text: string, most?: number): string =>
  pieces(text, most)
    .map((piece) => (piece.odd ? `‹${piece.text}›` : piece.text))
    .join("");
