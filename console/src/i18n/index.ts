/** The language of the console: English catalogues, one file per screen, checked by the compiler. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import board from "./en/board.json";
import changes from "./en/changes.json";
import common from "./en/common.json";
import extensions from "./en/extensions.json";
import ladder from "./en/ladder.json";
import phone from "./en/phone.json";
import records from "./en/records.json";
import signin from "./en/signin.json";
import system from "./en/system.json";

export const english = { common, board, changes, extensions, ladder, phone, records, signin, system };

void i18next.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  defaultNS: "common",
  resources: { en: english },
  interpolation: { escapeValue: false },
});

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
  document.documentElement.dir = i18next.dir(language);
});

export default i18next;
