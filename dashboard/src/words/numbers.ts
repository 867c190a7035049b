const plain = new Intl.NumberFormat("en-GB");

/** `1,204,881`. */
export const count = (value: number): string => plain.format(value);

/** `41,204`, `128 k`, `1.2 M`: for where there is no room for all digits. */
export function short(value: number): string {
  if (value < 100_000) return plain.format(value);
  const [size, unit] = value < 999_500 ? [1000, "k"] : value < 999_500_000 ? [1e6, "M"] : [1e9, "G"];
  const scaled = value / size;
  return `${scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)} ${unit}`;
}

/** `812 B`, `4.2 MB`: decimal, as disks are sold. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [size, unit] = [value, 0];
  while (size >= 999.5 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A share in per cent. It says 100 % and 0 % only when that is exact. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return "–";
  if (part <= 0) return "0 %";
  if (part >= whole) return "100 %";
  const value = (part / whole) * 100;
  if (value < 0.01) return "< 0.01 %";
  if (value > 99.99) return "> 99.99 %";
  const digits = value < 1 || value > 99 ? 2 : 1;
  return `${Math.min(99.99, Number(value.toFixed(digits)))} %`;
}

/** `1 endpoint`, `3 endpoints`. */
export const many = (value: number, one: string, several = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : several}`;

/** `once`, `twice`, `3 times`. */
export const times = (value: number): string =>
  value === 1 ? "once" : value === 2 ? "twice" : many(value, "time");

/** `1 exchange was`, `3 exchanges were`. */
export const were = (value: number, one: string): string =>
  `${many(value, one)} ${value === 1 ? "was" : "were"}`;

/** `none`, `one`, `two` … `ten`, then digits, with a capital first letter. */
export function word(value: number): string {
  const words = ["None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];
  return words[value] ?? count(value);
}
