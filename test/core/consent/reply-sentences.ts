import type { ReplyReading } from '../../../core/consent/opt-out-words.js';

/** Replies as people write them, by what they ask for: language by language, one a line. */
export const sentences: Readonly<Record<ReplyReading, string>> = {
  stop: `
    STOP
    stop
    Stop.
    STOP!!!
    Stop please
    STOP please
    pls stop
    please stop texting me
    pls stop texting me
    Stop, thank you.
    stop stop stop
    STOPALL
    stop all
    S T O P
    S.T.O.P.
    stoooop
    "Stop"
    Stopp
    🛑 STOP 🛑
    Hi, please stop now
    STOP 22395
    end
    QUIT
    Cancel
    revoke
    Opt out
    opt-out please
    OPTOUT
    Unsubscribe
    unsubscribe me
    UNSUBSCRIBE PLEASE
    Unsuscribe
    How do I unsubscribe from this?
    I already unsubscribed twice, why do I still get these
    remove me
    remove me from your list
    Please take me off your mailing list
    take my number off this list
    Delete my number
    lose my number
    no more messages
    No more texts please!
    stop sending me messages
    Stop it now
    Can you please stop emailing me?
    quit texting me
    Do not contact me again
    don't text me anymore
    Dont send me anything else, dont send me any more
    I don't want to receive these messages anymore
    I do not want any more emails
    I no longer wish to receive these
    i dont want your texts
    leave me alone
    Please leave me alone, I don't want this spam
    If you don't stop texting me I will report you
    I told you to stop
    I would like to opt out of these messages
    STOP. I never signed up. Remove me.
    add me to your do not call list
    I withdraw my consent
    I revoke consent for marketing
    How can I stop getting these texts?
    make it stop
    i dont wanna get texts from you
    wrong person, take me off
    Hello, cancel all messages to this phone
    END
    désabonner
    Désabonnez-moi
    je veux me désabonner
    Me désinscrire svp
    STOP SVP
    Stop merci
    ARRET
    Arrêtez
    Arrêtez de m'envoyer des messages
    Merci d'arrêter vos SMS
    arrêtez vos pubs
    Je ne veux plus recevoir vos messages
    je souhaite ne plus recevoir de mails
    Ne m'envoyez plus rien
    Retirez-moi de votre liste
    supprimez mon numéro
    plus de sms svp
    Laissez-moi tranquille
    Merci de ne plus me contacter
    je veux plus de pub
    ALTO
    baja
    Darme de baja por favor
    quiero darme de baja
    Dame de baja
    No más mensajes
    no quiero recibir más mensajes
    Ya no quiero recibir publicidad
    no me envíen más mensajes
    Deja de escribirme
    Por favor dejen de mandarme mensajes
    Quítenme de su lista
    Elimine mi número
    Bórrenme
    Déjenme en paz
    cancelar
    No me molesten
    ya no manden mensajes
    Quiero dejar de recibir esto
    parar
    sispann
    Sispann voye mesaj ban mwen
    Tanpri sispann ekri m
    Pa voye mesaj ban mwen ankò
    mwen pa vle resevwa mesaj ankò
    Retire m nan lis la
    Retire nimewo mwen
    KANPE
    kite m trankil
    Pa ekri m ankò tanpri
    Rete
    PARAR
    Sair
    Descadastrar
    Pare de me enviar mensagens
    Não quero mais receber mensagens
    nao quero receber isso
    Por favor, me tirem da lista
    Não me mandem mais mensagens
    Parem com essas mensagens!
    Remova meu número
    me deixem em paz
    Cancelar por favor
    Deixem de me enviar mensagens
    STOPP
    Abmelden
    Bitte abmelden
    Ich möchte mich abmelden
    Melden Sie mich bitte ab
    Melde mich vom Newsletter ab
    Keine Nachrichten mehr
    Bitte keine Werbung mehr!
    Hören Sie auf, mir zu schreiben
    hör auf mir zu schreiben
    Ich möchte keine weiteren Nachrichten
    Schreiben Sie mir nicht mehr
    schickt mir bitte keine SMS mehr
    Löschen Sie meine Nummer
    Nehmen Sie mich von der Liste
    Lassen Sie mich in Ruhe
    Ich widerrufe meine Einwilligung
    Stoppen Sie diese Nachrichten
    Bitte aus dem Verteiler nehmen
    cancellami
    Cancellatemi dalla lista
    Disiscrivimi
    Voglio disiscrivermi
    Basta
    Basta messaggi!
    Smettetela di scrivermi
    Non voglio più ricevere messaggi
    Non mi mandate più sms
    Non scrivetemi più
    Eliminate il mio numero
    Lasciatemi in pace
    afmelden
    Meld me af
    Ik wil me afmelden
    Uitschrijven aub
    Stop met sms'en
    Stop met berichten sturen
    Geen berichten meer aub
    Ik wil geen berichten meer ontvangen
    Stuur me geen sms meer
    Haal me van de lijst
    verwijder mijn nummer
    Laat me met rust
    niet meer sms'en
    ＳＴＯＰ
    ｐｌｅａｓｅ　ｓｔｏｐ
  `,
  start: `
    START
    start please
    Unstop
    YES
    yes please
    Subscribe
    resubscribe
    opt in
    Sign me back up
    Reprendre
    réabonner
    alta
    Empezar
    Kòmanse
    começar
    anmelden
    inizia
    aanmelden
  `,
  help: `
    HELP
    help please
    Help me
    info
    more info please
    aide
    Aidez-moi svp
    AYUDA
    más información
    èd
    ajuda
    Hilfe
    aiuto
    Hulp
  `,
  maybe_stop: `
    Omg stop! You had me at free shipping
    stop lol
    Stop texting me so much
    no, thanks
    don't text me so late
    no thanks
    Not interested
    I dont want this
    can u stop
    Ik wil dit niet meer
    J'en ai marre de vos sms
    not interested, thank you
    Wrong number
    Who is this?
    who are you
    How did you get my number
    This is spam
    I never signed up for this
    too many emails
    fuck off
    My husband passed away in June
    I'm going to sue you
    cancel my subscription
    STOP START
    help stop
    stop or yes
    stop the madness
    Don't call me
    Enough already!
    I'll block you
    Non merci
    pas intéressé
    Qui êtes-vous ?
    Trop de messages
    mauvais numéro
    Arrête, c'est trop drôle
    no gracias
    No me interesa
    Número equivocado
    quién eres
    Demasiados mensajes
    non mèsi
    Ki moun sa ye?
    Twòp mesaj
    não, obrigado
    Número errado
    quem é você?
    Kein Interesse
    nein danke
    Falsche Nummer
    Wer sind Sie?
    no grazie
    Non sono interessato
    numero sbagliato
    Geen interesse
    nee bedankt
    Verkeerd nummer
    Wie is dit?
    Alto! ¿Qué precio tiene la camisa?
  `,
  none: `
    stopwatch
    Do you sell a stopwatch?
    don't stop the deals
    Don't stop!
    please don't stop texting me
    I can't stop smiling
    can’t stop, won’t stop
    I don't want to unsubscribe
    Please do not unsubscribe me
    don't remove me from the list
    never stop sending these
    Is there a bus stop nearby?
    I'll stop by tomorrow
    can you stop by at 5
    non-stop flights only please
    nothing can stop me now
    Is that a one stop shop
    why did you stop making the blue ones
    did you stop selling these?
    my order went to spam
    it is in my spam folder
    weekend
    friend
    Is this the end of the sale?
    When does it end
    I want to cancel my order
    please cancel my appointment on Friday
    yes I want two
    I said yes to the dress
    When do we start?
    start of the season
    I need help with my order
    can you help me find my size
    Thanks!
    ok
    👍
    😂😂😂
    Great, see you
    How much is it?
    what sizes do you have left
    I love these, keep them coming
    Quittance reçue
    bonjour, où en est ma commande ?
    n'arrêtez pas vos offres !
    je ne veux pas me désabonner
    un arrêt de bus
    il pleut sans arrêt
    J'ai arrêté de fumer
    ¿Para cuándo llega mi pedido?
    para mi hija
    no paren de enviar ofertas
    No me den de baja
    soy alta y delgada
    trabajo sin parar
    la parada del autobús
    Mèsi anpil
    pa sispann voye mesaj
    Kilè l ap rive?
    quando chega meu pedido?
    não parem de mandar ofertas
    trabalho sem parar
    Wann kommt mein Paket?
    bitte nicht abmelden
    Ich habe aufgehört zu rauchen
    Bin interessiert
    Am Ende des Monats
    quando arriva il mio ordine?
    non cancellatemi
    Va bene, basta così per la taglia
    fermata dell'autobus
    Wanneer komt mijn pakket?
    niet afmelden aub
    stop aub niet
    1
    12345
    https://example.com/stop-motion
    The project manager called
    I quit smoking last year
    Remove the red one from my cart
  `,
};

export const linesOf = (reading: ReplyReading): readonly string[] =>
  sentences[reading]
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
