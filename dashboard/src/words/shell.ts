/** One argument of a POSIX shell, whatever is in it. A line break or another control is written as `$'\n'` would be. */
export function quote(text: string): string {
  if (text !== "" && /^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(text)) {
    let inner = "";
    for (const byte of new TextEncoder().encode(text.replaceAll("\0", ""))) {
      const char = String.fromCharCode(byte);
      inner += /[A-Za-z0-9 _@%+=:,./{}()[\]"<>|&;*?~#^-]/.test(char)
        ? char
        : `\\x${byte.toString(16).padStart(2, "0")}`;
    }
    return `$'${inner}'`;
  }
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A `curl` line for an operation; its parameters are left as `{name}` for people to fill in. */
export function curl(method: string, host: string, path: string, headers: [string, string][] = []): string {
  const words = ["curl", "--globoff", "--path-as-is"];
  if (method !== "GET") words.push("--request", quote(method));
  for (const [name, value] of headers) words.push("--header", quote(`${name}: ${value}`));
  words.push("--", quote(`https://${host}${path}`));
  return words.join(" ");
}
