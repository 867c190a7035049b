import { Link } from "@tanstack/react-router";
import { Empty } from "../parts/words.tsx";

export function NotFound() {
  return (
    <Empty
      title="There is no such page"
      action={
        <Link to="/" className="btn">
          Overview
        </Link>
      }
    >
      The address may be of another version.
    </Empty>
  );
}
