"use client";

import { useApp } from "../shell/context";

export default function Broken({ reset }: { reset: () => void }) {
  const { lost } = useApp().words;
  return (
    <section className="lost">
      <h1>{lost.broken}</h1>
      <button className="primary" type="button" onClick={reset}>
        {lost.again}
      </button>
    </section>
  );
}
