import { NewMeeting } from "../../../form/meeting-form";
import { languageOfRequest } from "../../../shell/language";
import { WORDS } from "../../../shell/words";
import styles from "./page.module.css";

export default async function NewMeetingPage() {
  const { form } = WORDS[await languageOfRequest()];
  return (
    <>
      <div className={styles.intro}>
        <h1>{form.title}</h1>
        <p>{form.lead}</p>
      </div>
      <NewMeeting />
    </>
  );
}
