import Link from "next/link";
import { ChatBubble } from "../chat/chat-bubble";
import { GROUPS } from "../chat/groups";
import { languageOfRequest } from "../shell/language";
import { WORDS } from "../shell/words";
import styles from "./page.module.css";

export default async function Home() {
  const language = await languageOfRequest();
  const words = WORDS[language].home;
  return (
    <>
      <section className={styles.hero}>
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
        <Link className="primary" href="/meetings/new">
          {words.create}
        </Link>
      </section>
      <h2 className={styles.heading}>{words.groups}</h2>
      <ul className={styles.groups}>
        {GROUPS[language].map(({ id, name, summary, tags, members }) => (
          <li key={id} className={styles.group}>
            <h3>{name}</h3>
            <p>{summary}</p>
            <p className={styles.facts}>
              {tags.map((tag) => (
                <span key={tag}>#{tag}</span>
              ))}
              <span>{words.members(members)}</span>
            </p>
          </li>
        ))}
      </ul>
      <ChatBubble key={language} groups={GROUPS[language]} />
    </>
  );
}
