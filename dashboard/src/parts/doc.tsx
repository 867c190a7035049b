import type { ReactNode } from "react";

/** Our own reference text: paragraphs, lists, `code`, **bold**, fenced code. It never holds text of traffic. */
export function Doc({ text }: { text: string }) {
  const blocks: ReactNode[] = [];
  const parts = text.split(/^```[a-z]*$/m);
  parts.forEach((part, index) => {
    if (index % 2 === 1) {
      blocks.push(
        <pre className="code" key={`code-${index}`}>
          {part.trim()}
        </pre>,
      );
      return;
    }
    part.split(/\n{2,}/).forEach((block, place) => {
      const lines = block.trim();
      if (lines === "") return;
      const key = `${index}-${place}`;
      const items = lines.split("\n").filter((line) => line.startsWith("- "));
      const words = lines
        .split("\n")
        .filter((line) => !line.startsWith("- "))
        .join(" ");
      if (words) {
        blocks.push(
          <p className="prose" key={key}>
            {inline(words)}
          </p>,
        );
      }
      if (items.length > 0) {
        blocks.push(
          <ul className="prose bullets" key={`${key}-list`}>
            {items.map((item) => (
              <li key={item}>{inline(item.slice(2))}</li>
            ))}
          </ul>,
        );
      }
    });
  });
  return <>{blocks}</>;
}

/** One line of it. */
export function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|https:\/\/[^\s)]+)/).map((part, index) => {
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <b key={index}>{part.slice(2, -2)}</b>;
    if (part.startsWith("https://")) {
      return (
        <a key={index} className="link" href={part} rel="noreferrer" target="_blank">
          {part}
        </a>
      );
    }
    return part;
  });
}
