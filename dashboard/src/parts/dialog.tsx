import {
  createContext,
  type ReactNode,
  type SubmitEvent,
  useCallback,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { Problem } from "../api/client.ts";
import { Icon } from "./icons.tsx";

/** A modal dialog of the browser: it holds the focus, and Escape closes it. */
export function Dialog(props: {
  title: ReactNode;
  close: () => void;
  children: ReactNode;
  className?: string;
  bare?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${props.className ?? ""}`}
      aria-labelledby={id}
      onClose={props.close}
      onClick={(event) => event.target === ref.current && props.close()}
    >
      {props.bare ? (
        <h2 id={id} className="vh">
          {props.title}
        </h2>
      ) : (
        <header id={id}>{props.title}</header>
      )}
      {props.children}
    </dialog>
  );
}

/** A question that names the effect on its button; a refusal is shown beside the fields. */
export function Ask(props: {
  title: ReactNode;
  effect: string;
  children: ReactNode;
  close: () => void;
  act: (form: FormData) => Promise<unknown>;
}) {
  const [error, setError] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await props.act(new FormData(event.currentTarget));
      props.close();
    } catch (cause) {
      setError(cause instanceof Problem ? cause : new Problem(0, "It did not work"));
      setBusy(false);
    }
  };
  return (
    <Dialog title={props.title} close={props.close}>
      <form onSubmit={submit}>
        <div className="body">
          {props.children}
          {error && (
            <div className="note bad" role="alert">
              <Icon name="warn" />
              <p>
                <b>{error.message}.</b> {error.detail}{" "}
                {error.fields.map((field) => `${field.field}: ${field.message}.`).join(" ")}
              </p>
            </div>
          )}
        </div>
        <footer>
          <button type="button" className="btn" onClick={props.close}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={busy}>
            {props.effect}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint && <small>{hint}</small>}
    </div>
  );
}

const Say = createContext<(text: string, kind?: "ok" | "bad") => void>(() => {});
/** Says in a corner what was done. */
export const useSay = () => useContext(Say);

export function Toasts({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<{ id: number; text: string; kind: "ok" | "bad" }[]>([]);
  const next = useRef(0);
  const say = useCallback((text: string, kind: "ok" | "bad" = "ok") => {
    const id = next.current++;
    setItems((before) => [...before.slice(-2), { id, text, kind }]);
    setTimeout(() => setItems((before) => before.filter((item) => item.id !== id)), 5000);
  }, []);
  return (
    <Say.Provider value={say}>
      {children}
      <div className="toasts" role="status">
        {items.map((item) => (
          <div key={item.id} className="note">
            <Icon name={item.kind === "ok" ? "check" : "warn"} />
            <p>{item.text}</p>
          </div>
        ))}
      </div>
    </Say.Provider>
  );
}
