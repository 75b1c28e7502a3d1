import type { ReplyWords } from './reply-words.js';

const MESSAGES = 'mesaj/tekst/teks/sms/imel/piblisite/pib/spam/notifikasyon/pwomosyon/promosyon';
const SEND = 'voye/ekri/kontakte/anmede/deranje/anvwaye/nwi/rele/tekste/anniye';

export const haitianCreole: ReplyWords = {
  alone: {
    stop: `
      sispann/sispan/sispanm/kanpe/kampe/rete/arete/arret/ase/sifi/anile/dezabone/dezenskri/retirem/wetem/efasem/kitem
      retire/wete/efase/dezabone/dezenskri/kite m/mwen trankil/anpe/nan/lis/la? lis? la?
      pa ${SEND} m/mwen/ban? mwen/m? mesaj? anko
      mwen/m pa vle anko
      pa vle anko
      pa gen? ${MESSAGES} anko
    `,
    start: `
      komanse/rekomanse/reabone
      abone/enskri m/mwen
    `,
    help: `
      ed/ede/edem/enfomasyon
      ede m/mwen
    `,
  },
  courtesy: 'tanpri souple silvouple silteple si vou ple mesi anpil bonjou bonswa kounye konnye koulye',
  anywhere: {
    stop: `
      sispann/sispan/kanpe/rete/arete ${SEND}
      sispann/sispan/kanpe/arete ak/tout? tout? ${MESSAGES}
      pa ${SEND} ~ anko
      pa voye/anvwaye ban? m/mwen? ${MESSAGES}
      pa ekri/kontakte/deranje/anmede/tekste m/mwen/nou
      pa vle resevwa/okenn/pran/jwenn/ou ~ ${MESSAGES}/anko/nan
      pa vle ~ ${MESSAGES} ~ anko
      pa vle ${MESSAGES}
      pa bezwen/anvi/renmen resevwa? ${MESSAGES}
      vle sispann resevwa/${MESSAGES}
      retire/wete/efase/oste m/mwen nan/sou
      retirem/wetem/efasem nan/sou
      retire/wete/efase/oste non/nimewo/imel/adres mwen/m/sa
      dezabone/dezenskri
      kite m/mwen trankil/anpe
      kitem trankil/anpe
    `,
    unsure: `
      sispann/sispan/kanpe
      pa enterese
      non mesi
      move/mal/fo nimewo
      ki moun sa/ki/ou/ye
      kiyes ou/sa
      twop ${MESSAGES}
      mouri/desede
      pa janm? enskri/mande
    `,
    innocent: `
      pa/pap janm? sispann/sispan/kanpe/rete/arete
      pa janm? dezabone/retire/wete/efase m/mwen?
      san rete/kanpe
      kanpe la/devan/sou/bo/dwat
    `,
  },
};
