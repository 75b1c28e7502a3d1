import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'nachrichten/nachricht/sms/mails/mail/emails/email/werbung/werbemails/werbesms/spam/newsletter/benachrichtigungen/angebote/werbenachrichten/whatsapps/post/zusendungen/kontaktaufnahme/infos';
const ALL = 'die/diese/dieser/ihre/eure/deine/alle/den/das/jegliche/weitere/weiteren/sms';
const WRITE = 'schreiben/schreibt/schreib/schicken/schickt/schick/senden/sendet/sende/kontaktieren/kontaktiert/belastigen/belaestigen';

export const german: ReplyWords = {
  alone: {
    stop: `
      stopp/stop/stoppen/halt/ende/beenden/abmelden/abmeldung/austragen/austragung/abbestellen/abbestellung/kundigen/kuendigen/kundigung
      loschen/loeschen/aufhoren/aufhoeren/schluss/genug/raus/abbruch/abbrechen/entfernen/deabonnieren
      hor/hoer/hort/hoert auf
      keine ${MESSAGES} mehr?
      nicht mehr schreiben/senden/schicken
      schluss damit
      es reicht
    `,
    start: `
      starten/anmelden/anmeldung/fortsetzen/wiederaufnehmen
      wieder anmelden
    `,
    help: `
      hilfe
    `,
  },
  courtesy:
    'bitte danke hallo jetzt sofort guten tag morgen abend vielen dank umgehend mal endlich mich uns damit liebe grusse gruesse mfg moin servus ich mochte moechte',
  anywhere: {
    stop: `
      abmelden/abmeldung/abbestellen/abbestellung/austragen/austragung/deabonnieren
      abgemeldet/ausgetragen werden
      melden/melde/meld/meldet sie? mich/uns/meine/diese ~ ab
      tragen/trage/trag/tragt sie? mich/uns/meine ~ aus
      bestelle/bestellen ~ ${MESSAGES} ~ ab
      stoppen/stoppt/stopp/stop/beenden/beendet/unterlassen/unterlasst/einstellen sie? bitte? ${ALL}? ${ALL}? ${MESSAGES}
      stellen/stellt sie? ~ ${MESSAGES} ~ ein
      unterlassen/unterlasst sie/das/es/dies/diese
      horen/hoeren sie bitte/endlich/sofort? auf
      hort/hoert/hor/hoer auf mir/mich/uns/zu/mit/damit
      keine weiteren/weitere/solche/solchen? ${MESSAGES} mehr/zu/senden/schicken/an/von?
      mochte/moechte/will/wunsche/wuensche/wollen/mochten/moechten/brauche/wunschen keine/keinen ihre/ihrer/weiteren/weitere/mehr/solche/solchen/eurer/eure? ${MESSAGES}/kontakt
      mochte/moechte/will/wunsche/wollen/mochten ~ nicht/nichts mehr
      mochte/moechte/will/wollen ~ nicht/nichts kontaktiert/angeschrieben/belastigt/belaestigt/von/erhalten/bekommen
      ${WRITE} sie? mir/mich/uns bitte? keine/nicht/nichts/nie
      nicht/nie mehr/wieder schreiben/anschreiben/kontaktieren/senden/schicken
      loschen/loeschen/loscht/losche/loesche/entfernen/entfernt/entferne/streichen/streicht/nehmen/nehmt sie? bitte? mich/meine/meinen/unsere/diese ~ nummer/daten/adresse/verteiler/liste/email/mailadresse/namen/raus/von/aus/handynummer/telefonnummer/kontakt
      loschen/loeschen/loscht/entfernen/entfernt sie? bitte? mich
      aus/von dem/der/ihrem/ihrer/eurem/eurer verteiler/liste/mailingliste ~ nehmen/streichen/loschen/loeschen/entfernen
      lassen/lasst/lass sie? mich/uns bitte/endlich? in ruhe/frieden
      widerrufe/widerrufen hiermit? meine/die? einwilligung/zustimmung
      widerspreche hiermit? der/dem/jeder/ihrer/jeglicher
    `,
    unsure: `
      stop/stopp
      hort/hoert/hor/hoer auf
      kein/keine interesse
      nicht interessiert
      nein danke
      falsche/falscher nummer/empfanger
      falsch verbunden
      wer ist/sind/bist das/dort/da/sie/du
      woher haben/habt sie/ihr meine
      spam/betrug/abzocke/belastigung/belaestigung/anwalt/rechtsanwalt/dsgvo/abmahnung/anzeige/verbraucherzentrale
      zu viele/viel ${MESSAGES}
      verstorben/gestorben
      es reicht
      widerruf/widerrufe/widerspruch
      nie angemeldet/bestellt/zugestimmt
      abo/abonnement kundigen/kuendigen/beenden
    `,
    innocent: `
      nicht ~ abmelden/abbestellen/austragen/aufhoren/aufhoeren/stoppen/kundigen
      nie/niemals ~ aufhoren/abmelden/stoppen
      horen/hort/hor/hoer/hoert sie? bitte? nicht/nie auf
      melden/melde/meldet sie? mich/uns? bitte? nicht ab
      stopp/stop/stoppt nicht
      ohne stopp/halt/stop
      zum/um/sich ~ abmelden/abbestellen klicken/antworten/hier
      mit stopp/stop antworten
    `,
  },
};
