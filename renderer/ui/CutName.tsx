/** Letters at the end of a name that are always shown: they tell operators of one block apart. */
const TAIL = 9;

/** A name cut in its middle, by the room there is. */
export function CutName({ text }: { text: string }) {
  const at = Math.max(0, text.length - TAIL);
  return (
    <span className="cut">
      <span>{text.slice(0, at)}</span>
      <span>{text.slice(at)}</span>
    </span>
  );
}
