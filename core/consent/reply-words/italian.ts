import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'messaggi/messaggio/msg/sms/email/mail/emails/pubblicita/promozioni/spam/notifiche/newsletter/offerte/comunicazioni/whatsapp/messaggini';
const SEND =
  'inviare/inviarmi/mandare/mandarmi/scrivere/scrivermi/contattare/contattarmi/disturbare/disturbarmi/spammare/rompere/assillare/assillarmi/tempestarmi/importunare/importunarmi';
const SENDS =
  'inviate/inviare/invii/mandate/mandare/mandi/scrivete/scrivere/scriva/contattate/contattare/contatti/disturbate/disturbare/disturbi/scrivi';

export const italian: ReplyWords = {
  alone: {
    stop: `
      basta/ferma/fermati/fermatevi/fermare/smettila/smettetela/smettete/annulla/annullare/cancella/cancellami/cancellatemi/cancellare
      cancellazione/disiscrivi/disiscrivimi/disiscrivetemi/disiscrivermi/disiscrizione/disiscrivere/disdici/disdire/disdetta
      rimuovi/rimuovimi/rimuovetemi/rimuovere/esci/elimina/eliminami/eliminatemi/interrompi/interrompere/alt
      non piu
      basta/stop/niente/no ${MESSAGES}
    `,
    start: `
      inizia/avvia/riprendi/riattiva/riattivare/iscrivimi/iscrivetemi/reiscrivimi
    `,
    help: `
      aiuto/informazioni
    `,
  },
  courtesy: 'per favore perfavore grazie ciao salve buongiorno buonasera subito adesso ora cortesemente gentilmente mille prego cortesia',
  anywhere: {
    stop: `
      smetti/smettete/smettetela/smettila/smetta/smetterla/basta/finitela/finiscila di ${SEND}
      smetti/smettete/smettetela/smettila/smetta/basta/stop con/a/di? questi/i/gli/questa/queste/tutti/la/le/vostri/con? questi/i/vostri? ${MESSAGES}
      non voglio/desidero/vogliamo/desideriamo/vorrei/intendo piu? ricevere/riceverne/essere
      non voglio/desidero/vogliamo/vorrei piu/altri/altre/i/questi/vostri/queste? i/questi/vostri? ${MESSAGES}
      non voglio/desidero/vogliamo piu
      non mi/ci ${SENDS}
      non inviatemi/mandatemi/scrivetemi/contattatemi/scrivermi/mandarmi/inviarmi/disturbarmi/disturbatemi/contattarmi
      non ${SENDS} piu
      cancellatemi/cancellami/rimuovetemi/rimuovimi/toglietemi/toglimi/levatemi/eliminatemi/eliminami
      disiscrivi/disiscrivetemi/disiscrivimi/disiscrivermi/disiscrivere/disiscrizione/cancellarmi/disiscrivete
      cancellate/cancella/cancellare/rimuovete/rimuovi/rimuovere/togliete/togli/eliminate/elimina il/i/la? mio/miei/mia/questo/nostro numero/nome/indirizzo/contatto/email/dati/mail/cellulare/telefono
      lasciatemi/lasciami/lasciateci in pace/stare
      mi lasci/lasciate in pace
      niente/nessun piu? altri/altro? ${MESSAGES}
      revoco/ritiro il? mio? consenso
      mi oppongo al/alla
    `,
    unsure: `
      stop
      no grazie
      non mi/ci interessa/interessano
      non sono/siamo interessato/interessata/interessati
      numero sbagliato/errato
      ha/avete sbagliato numero
      chi sei/siete/parla
      truffa/truffatori/spam/molestie/stalking/garante/gdpr
      denuncia/denuncio/denunciare/avvocato
      troppi/troppe ${MESSAGES}
      deceduto/deceduta
      e morto/morta
      mai iscritto/iscritta/richiesto/autorizzato
      come avete avuto il mio numero
      disdire l/il abbonamento
    `,
    innocent: `
      non smettere/smettete/smetti/smetterla/smettetela/fermarti/fermatevi/fermare/riesco/posso/voglio ~ di/smettere/fermarmi
      non smettere/smettete/smetti/fermatevi/fermarti
      non cancellatemi/cancellarmi/cancellami/rimuovetemi/eliminatemi/toglietemi/disiscrivetemi
      non voglio ~ cancellarmi/disiscrivermi/annullare/disdire
      senza fermarsi/sosta/stop
      non stop
      rispondi/rispondere/invia stop
      per cancellarmi/disiscriverti/cancellarti clicca/rispondi
    `,
  },
};
