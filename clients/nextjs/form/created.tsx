"use client";
// The meeting is there.

import Link from "next/link";
import { useEffect, useRef } from "react";
import { useApp } from "../shell/context";
import styles from "./created.module.css";

export function Created({ name, another }: { name: string; another: () => void }) {
  const { form, lost } = useApp().words;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className={styles.created}>
      <h2 ref={heading} tabIndex={-1}>
        {form.createdTitle}
      </h2>
      <p>{form.created(name)}</p>
      <p className={styles.next}>
        <Link className="primary" href="/">
          {lost.home}
        </Link>
        <button className="quiet" type="button" onClick={another}>
          {form.another}
        </button>
      </p>
    </section>
  );
}
