import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'messages/message/msg/msgs/sms/textos/texto/mails/mail/emails/email/courriels/courriel/pub/pubs/publicite/publicites/spam/spams/notifications/promos/promotions/newsletter/newsletters/envois/sollicitations/relances';
const SEND = 'envoyer/ecrire/contacter/spammer/harceler/deranger/solliciter/relancer/texter/embeter/emmerder/importuner/polluer/adresser';
const SENDS = 'envoyez/envoie/envoies/ecrivez/ecris/contactez/contacte/derangez/derange/sollicitez/harcelez/spammez/relancez/embetez';

export const french: ReplyWords = {
  alone: {
    stop: `
      stop/stopper/stoppez/arret/arrets/arrete/arretes/arretez/arreter/arretons/arrett/desabonner/desabonne/desabonnez/desabonnement
      desinscrire/desinscription/desinscris/desinscrivez/desactiver/annuler/resilier/fin/assez/suffit
      me/se desabonner/desinscrire
      desabonne/desabonnez/desinscris/desinscrivez/retirez/retire/supprimez/supprime/enlevez/enleve/effacez moi
      arret/stop pub/pubs/sms/messages/message/mail/mails/envoi/envois
      ca suffit
      plus/pas de? ${MESSAGES}
      ne plus recevoir
    `,
    start: `
      commencer/demarrer/reprendre/reabonner/reabonnement
      me reabonner
      reabonnez/reabonne/abonnez/abonne moi
    `,
    help: `
      aide
      aidez/aide moi
      infos/renseignements
    `,
  },
  courtesy:
    'svp stp merci s il vous te plait bonjour bonsoir salut maintenant immediatement tout de suite cordialement monsieur madame beaucoup enfin',
  anywhere: {
    stop: `
      desabonner/desabonne/desabonnez/desabonnement/desinscrire/desinscription/desinscris/desinscrivez
      arretez/arrete/arreter/cessez/cesse/cesser/stoppez/stop/merci d/de me/m/nous/ne? ne? plus? me/m/nous? ${SEND}
      arretez/arrete/arreter/cessez/cesser/stoppez/stopper/stop avec? les/vos/tes/ces/tous/toutes/l/la/votre/cette? vos/ces/les? ${MESSAGES}
      ne/n souhaite/souhaitons/veux/voulons/desire/desirons/voudrais plus
      ne/n souhaite/souhaitons/veux/voulons/desire/desirons/voudrais pas recevoir/etre
      souhaite/veux/desire/voudrais/veut/souhaitons plus/pas recevoir/etre/avoir
      souhaite/veux/desire/voudrais/veut/souhaitons plus/pas de/d/vos/ces/tes? ${MESSAGES}
      souhaite/veux/desire/voudrais ne plus recevoir/etre
      ne plus/pas/jamais me/m/nous? ${SEND}
      ne plus recevoir
      ne me/m/nous ${SENDS} plus/pas/jamais/rien
      me/m/nous ${SENDS} plus/jamais
      retirez/retire/supprimez/supprime/enlevez/enleve/effacez/otez/rayez/radiez moi
      retirez/retire/retirer/supprimez/supprime/supprimer/enlevez/enlever/effacez/effacer mon/ce/mes/notre numero/nom/adresse/email/mail/coordonnees/donnees/contact/tel/telephone
      plus de/un/aucun seul? ${MESSAGES}
      plus jamais de? ${MESSAGES}
      plus aucun ${MESSAGES}
      laissez/laisse/foutez/fichez moi tranquille/en/la paix?
      lachez/lache moi
      retire/retirer/revoque/revoquer mon consentement
      m oppose a/au/aux
    `,
    unsure: `
      stop/arretez/arrete/arreter/stoppez
      ca suffit
      pas interesse/interessee/interesses
      ca ne? m interesse pas
      non merci
      mauvais/faux numero
      qui etes vous
      vous etes qui
      c est qui
      qui est ce
      arnaque/arnaqueurs/spam/spams/harcelement/cnil/rgpd
      porter/porte/deposer/depose plainte
      trop de ${MESSAGES}
      decede/decedee
      est mort/morte
      pas de message
      marre de/d
      jamais demande/inscrit/inscrite/autorise
      comment ~ eu mon numero
    `,
    innocent: `
      ne/n me/m/vous? arretez/arrete/arretes/arreter/cessez/desabonnez/desabonne/desinscrivez pas/jamais/surtout
      ne/n ~ arreter/desabonner/desinscrire
      pas me? arreter/desabonner/desinscrire
      arretez/arrete/arretes/desabonnez pas
      m/s arrete/arreter/arretez
      ai/as/a/avons/avez/ont/avais/avait/est arrete/arretes/arretee
      sans/l/un/d/prochain/dernier arret/arrets
      arret/arrets de/du/maladie/bus/tram/cardiaque
      non stop
      repondez/repondre/envoyez/envoyer/tapez/par stop
      pour vous? desabonner/desinscrire cliquez/repondez/envoyez
    `,
  },
};
