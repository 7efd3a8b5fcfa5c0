import Link from "next/link";
import { languageOfRequest } from "../shell/language";
import { WORDS } from "../shell/words";

export default async function NotFound() {
  const { lost } = WORDS[await languageOfRequest()];
  return (
    <section className="lost">
      <h1>{lost.title}</h1>
      <Link className="primary" href="/">
        {lost.home}
      </Link>
    </section>
  );
}
