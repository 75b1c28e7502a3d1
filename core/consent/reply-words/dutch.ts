import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'berichten/bericht/berichtjes/sms/smsjes/smsen/mails/mail/emails/email/mailtjes/reclame/reclames/appjes/apps/spam/nieuwsbrief/nieuwsbrieven/advertenties/aanbiedingen/meldingen/notificaties/whatsapps';
const SENDING =
  'sturen/versturen/toesturen/berichten/smsen/mailen/appen/contacteren/lastigvallen/spammen/schrijven/benaderen/zenden/toezenden';

export const dutch: ReplyWords = {
  alone: {
    stop: `
      stop/stopt/stoppen/afmelden/afmelding/uitschrijven/uitschrijving/opzeggen/annuleren/beeindigen/verwijderen/verwijder/einde/genoeg/ophouden
      meld/schrijf/schrap/verwijder/haal me/mij/ons? af/uit/eraf/eruit?
      hou/houd/houdt op
      stop ermee/daarmee/hiermee
      geen ${MESSAGES} meer?
      niet meer sturen/smsen/mailen/appen
      niet meer sms en?
    `,
    start: `
      starten/aanmelden/hervatten/inschrijven/beginnen
      weer aanmelden
    `,
    help: `
      hulp/informatie
    `,
  },
  courtesy:
    'aub alstublieft alsjeblieft graag bedankt dank u je wel hallo hoi dag nu meteen direct svp dankjewel even mij me a b beste groet',
  anywhere: {
    stop: `
      afmelden/afmelding/uitschrijven/uitschrijving
      afgemeld/uitgeschreven worden
      meld/meldt mij/me/ons/dit ~ af
      schrijf/schrijft mij/me/ons/dit ~ uit
      stop/stopt/stoppen/hou/houd/houdt/ophouden op? a? u? b? aub? nu? met de/het/die/deze/dit/uw/jullie/mij/me/ons/al? die/deze/mij/me? ${SENDING}/${MESSAGES}
      stop/stopt met ~ ${SENDING}
      stop/stopt deze/die/de/alle/uw/jullie ${MESSAGES}
      geen verdere/andere/nieuwe? ${MESSAGES} meer/sturen/te
      geen verdere ${MESSAGES}
      wil/wens/wensen/willen/wilt/hoef/hoeven geen/niks/niets deze/van/meer/verdere/jullie/uw/die? jullie/uw/meer? ${MESSAGES}
      wil/wens/wensen/willen/hoef niet/niets/niks/geen meer/langer
      wil/wens/wensen/willen deze/die/uw/jullie ${MESSAGES} ~ niet
      wil/wens/willen niet ~ gecontacteerd/benaderd/lastiggevallen
      wil/wens/willen ~ niet meer ~ ontvangen/krijgen/hebben
      stuur/stuurt/sms/mail/mailt/app/appt/contacteer/contacteert/schrijf/schrijft/benader mij/me/ons a? u? b? aub? geen/niet/niets/nooit/niks
      niet/nooit meer sturen/smsen/mailen/appen/schrijven/contacteren/benaderen
      haal/haalt/verwijder/verwijdert/schrap/schrapt/gooi mij/me/ons uit/van/eraf/eruit/af?
      haal/haalt/verwijder/verwijdert/wis/wist/schrap/schrapt a? u? b? mijn/dit/ons nummer/naam/gegevens/email/mailadres/emailadres/telefoonnummer/mobiele
      laat/laten mij/me/ons ~ met rust
      trek/trekken mijn/hierbij? mijn? toestemming ~ in
    `,
    unsure: `
      stop/stopt
      hou/houd/houdt op
      geen interesse
      wil/hoef dit/deze/het/ze ~ niet meer
      niet geinteresseerd
      nee dank/bedankt/dankje
      verkeerd/verkeerde/fout nummer/persoon
      wie is/ben/bent dit/jij/je/u/dat
      hoe kom/komen/komt jullie/je/u aan mijn
      spam/oplichting/oplichters/avg/acm/advocaat/aangifte
      te veel ${MESSAGES}
      overleden
      rot/donder/sodemieter op
      nooit aangemeld/ingeschreven/toestemming
      abonnement opzeggen/stoppen
    `,
    innocent: `
      niet ~ afmelden/uitschrijven/stoppen/ophouden/opzeggen
      nooit ~ afmelden/uitschrijven/stoppen/ophouden
      stop/stopt/hou/houd/houdt vooral/aub? niet op?
      stop/stopt er? bij/op
      non stop
      meld/schrijf me/mij niet
      om u? af/uit te melden/schrijven
      antwoord/sms/stuur stop
    `,
  },
};
