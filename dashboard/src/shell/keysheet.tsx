import { Fragment } from "react";
import { Dialog } from "../parts/dialog.tsx";

const KEYS: [what: string, keys: string[]][] = [
  ["Search, or run a command", ["Ctrl", "K"]],
  ["Filter the list; clear it", ["/", "Esc"]],
  ["Down, up", ["J", "K"]],
  ["Open; look at it without leaving the list", ["↵", "Space"]],
  ["Select; select up to here; all", ["X", "Shift X", "*"]],
  ["Finding: confirm, accept until, false positive, fixed, open again", ["Y", "E", "N", "R", "O"]],
  ["Finding: assign, take, comment", ["A", "M", "C"]],
  ["Live: stop and go on", ["Space"]],
  ["This sheet", ["?"]],
  ["Overview, inventory, incidents", ["G then", "O", "I", "N"]],
  ["Actors, live, exchanges, findings", ["G then", "A", "L", "E", "F"]],
  ["Policies, keys, settings, reference", ["G then", "P", "K", "S", "R"]],
];

export function KeySheet({ close }: { close: () => void }) {
  return (
    <Dialog title="Keyboard" close={close}>
      <div className="body">
        <div className="keys">
          {KEYS.map(([what, keys]) => (
            <Fragment key={what}>
              <span>{what}</span>
              <span>
                {keys.map((key) =>
                  key.endsWith("then") ? (
                    <Fragment key={key}>
                      <kbd>G</kbd> then{" "}
                    </Fragment>
                  ) : (
                    <kbd key={key}>{key}</kbd>
                  ),
                )}
              </span>
            </Fragment>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
