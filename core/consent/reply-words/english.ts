import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'texts/text/txts/txt/messages/message/messaging/msgs/msg/sms/mms/emails/email/mails/mail/spam/notifications/alerts/ads/adverts/advertisements/promos/promotions/promotional/marketing/newsletter/newsletters/offers/whatsapps/dms/communications/contact';
const SENDING =
  'sending/texting/txting/messaging/msging/emailing/mailing/contacting/spamming/bothering/harassing/pestering/hassling/annoying/bugging/soliciting/blasting/whatsapping/pinging';
const SEND = 'text/txt/message/msg/email/mail/contact/spam/bother/harass/whatsapp';

export const english: ReplyWords = {
  alone: {
    stop: `
      stop/stopp/st0p/stpo/sotp/stopall/stops/end/quit/cancel/revoke/optout/unsubscribe/unsub/unsubscribed/unsubscribing
      unsuscribe/unsubcribe/unsubscibe/unsubscrib/unsubscribeme/unsubsribe/unscubscribe/remove/delete/dnd
      un subscribe
      stop all/it/this/that/these/them/sms/text/texts/txt/msg/msgs/message/messages/email/emails/spam/promotions/whatsapp/me
      make it stop
      opt out/me
      take me off
      no more
      no texts/messages/emails/sms/spam
      dont disturb
      dont/never text/contact/message/email/disturb me?
    `,
    start: `
      start/unstop/yes/subscribe/resubscribe/resume/optin
      opt in
      opt me in
      opt me back in
      sign me up
      sign me back up
      subscribe/resubscribe me again?
      add me back
      start sending/texting me? messages? again
    `,
    help: `
      help me?
      info/information
      more info/information
    `,
  },
  courtesy:
    'please pls plz plse pleas kindly thanks thank thx ty you now ok okay hi hello hey sir madam maam team guys folks immediately today asap already and all right away bye just',
  contractions: {
    'do not': 'dont',
    'does not': 'doesnt',
    'did not': 'didnt',
    'would not': 'wouldnt',
    'should not': 'shouldnt',
    'could not': 'couldnt',
    'can not': 'cant',
    cannot: 'cant',
    'will not': 'wont',
    wanna: 'want to',
  },
  anywhere: {
    stop: `
      unsubscribe/unsub/unsuscribe/unsubcribe/unsubscibe/unsubscrib/unsubsribe/unscubscribe/unsubscribed/unsubscribing/unsubscription
      un subscribe/subscribed
      optout
      opt/opting/opted me? out
      stop/quit/cease/discontinue/halt with? all? the/these/those/your/this? ${SENDING}
      stop receiving/getting ~ ${MESSAGES}/these/this/them/from
      cease and desist
      stop/end/cancel/halt/discontinue all? of? the/these/those/your/my/this/any/further/more? marketing/promotional/text/spam/sms? ${MESSAGES}
      no more/further/longer text/marketing/promotional? ${MESSAGES}
      if you dont stop
      said/told you? to? stop
      told/asked you to stop/quit
      want/need/like you/this/it/these/them/texts/messages/emails to stop
      make it/this/these/them stop
      stop it/this/that now/immediately/already
      please/pls/plz/kindly stop
      remove/delete/erase me/us
      drop/strike/scratch/take/get me/us/my/this name/number/email? off/from
      remove/delete/erase/strike my/this/our phone/cell/mobile/email/contact/personal? number/name/email/address/phone/contact/info/information/data/details
      take off/me off?/from the/your/this list
      lose/forget my number
      dont/didnt/never/wouldnt want/wish/like/care to receive/get/hear ~ ${MESSAGES}/from/anymore
      dont/didnt/never/wouldnt want/wish/like/care/need to receive this/these/them/any
      dont/didnt/never/wouldnt want/wish/need/like to be contacted/texted/messaged/emailed/bothered/spammed/on
      dont/didnt/never want/need any/your/these/this/those/more/such? more/of/other? your/these? text/marketing/promotional/spam? ${MESSAGES}
      no longer want/wish to ~ receive/get/hear/be
      no longer want/wish ~ ${MESSAGES}
      not want/wish to? receive/get/hear ~ ${MESSAGES}/from/anymore
      dont/never ever? ${SEND} me/us/this/my/here/again/anymore
      dont/never ever? send me/us? any/more/anymore/these/this/those/your/another/messages/texts/emails/anything/stuff/spam/ads
      dont/never ever? call or text
      leave me/us alone/be
      do/dont not? call list/registry
      withdraw/revoke/withdrawing/revoking/rescind my/the/all? prior? consent/permission/authorization
    `,
    unsure: `
      stop/stopp/stpo/sotp
      stop/end/cancel my/the/this subscription/membership/plan
      stop/quit ~ ${SENDING} ~ so/too/twice/while/during/late/early
      dont/never ever? ${SEND} me/us/this ~ so/too/twice/while/during/late/early
      dont/never ever? call me/us/this/again/here
      stop calling
      no longer need/want/interested
      dont want/need this/these/it/them/anything/any
      no thanks/thankyou/ty
      no thank you
      not/isnt/arent/never interested
      wrong number/person/guy/lady
      who is/are this/you
      whos this
      who dis
      new phone who
      how/where did you get my/this number/email/info
      spam/spammer/spammers/scam/scammer/scammers/scamming/junk/phishing/harassment/harassing
      never/didnt sign/signed up
      never/didnt subscribe/subscribed/consent/consented/agree/agreed
      never/didnt ask/asked for/to
      didnt/never give/gave you ~ permission/number/consent
      too many/much ${MESSAGES}
      reporting/report/reported/block/blocking/blocked you/this/it/number
      sue/suing you/them
      my lawyer/attorney
      lawsuit/tcpa/fcc/ftc/gdpr/ccpa
      enough already
      thats/had enough
      that is enough
      go away
      get lost
      fuck/piss/f/sod/bugger off
      shut up
      give it a rest
      passed away
      deceased
      has/he/she died
      is dead
      pause my/the/all/these/messages/texts
    `,
    innocent: `
      dont/never/cant/wont/didnt/couldnt/wouldnt/shouldnt/doesnt/not ever/even/you/dare/just/really/wanna? stop/quit/unsubscribe/unsub/optout
      dont you dare/ever stop
      dont/never/cant/wont/didnt/wouldnt/not ever? opt out
      dont/didnt/never/not want/wanna/need/have/going/trying/wish/mean/meant/like me/you/us/it/this/that/them? to? ever? stop/unsubscribe/unsub/quit/optout
      dont/didnt/never/not want/need/have/wish/mean/meant me/you? to opt out
      dont/never/didnt remove/delete/unsubscribe/drop/cancel me/us/my
      dont/never/didnt take me off
      dont let me/us/you/this/that/it stop
      dont forget my
      did/have/has/had you/they/he/she/we stop
      if/when/before/until/unless/since you/they/we/i stop
      was/were/been/being/am/got i/accidentally/you? unsubscribed
      i accidentally/mistakenly unsubscribed
      unsubscribed by accident/mistake
      nothing/nobody/noone can/could/will/would stop
      can/could/will/would/to stop me/us/him/her/them/you
      stop me if/from/before
      non/one/full/bus/train/pit/next/last/first/quick/final/tour/rest/truck/tram/metro/subway/short/door/back/f stop
      nonstop
      please/pls/plz/kindly/to/will/can/could stop by/at/in/over/off/into/on/for/near/me
      stop by/at/in/over/off/into/on/and/for/near
      stop sign/signs/light/lights/motion/loss/order/watch/button/shop/point/points/gap
      reply/text/txt/send/texting/type stop
      to unsubscribe click/reply/text/visit/follow/use/tap
      to opt out click/reply/text/visit/tap
      spam/junk folder/filter/box
      to/in/into my/the/your? spam/junk folder/filter/box?
    `,
  },
};
