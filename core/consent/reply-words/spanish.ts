import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'mensajes/mensaje/msjs/msj/sms/textos/texto/correos/correo/mails/mail/emails/email/publicidad/promociones/promos/propaganda/spam/notificaciones/anuncios/whatsapps/ofertas';
const SEND =
  'enviar/enviarme/enviarnos/mandar/mandarme/mandarnos/escribir/escribirme/contactar/contactarme/molestar/molestarme/textear/textearme/spamear/fastidiar/fastidiarme/acosar/acosarme/joder';
const SENDS =
  'envie/envien/envies/enviar/enviarme/mande/manden/mandes/mandar/mandarme/escriba/escriban/escribas/escribir/escribirme/contacte/contacten/contactes/contactar/contactarme/moleste/molesten/molestes/molestar/molestarme/textee/texteen';

export const spanish: ReplyWords = {
  alone: {
    stop: `
      alto/parar/para/pare/paren/basta/baja/cancelar/cancela/cancele/cancelen/detener/deten/detente/detenganse/salir/fin/finalizar
      eliminar/eliminame/eliminenme/elimineme/borrar/borrame/borrenme/borreme/quitar/quitame/quitenme/quiteme/desuscribir/desuscribirme
      desuscribirse/desuscribeme/desubscribir/desubscribirme/anular/terminar/sacame/saquenme
      dar/darse/darme/dame/deme/denme/dadme de baja
      no mas
      ya no mas?
      ya basta
      basta ya
      no ${MESSAGES}
      no molestar/molesten/moleste/molestes
    `,
    start: `
      empezar/comenzar/iniciar/inicio/alta/suscribir/suscribirme/suscribeme/suscribanme/reanudar
      darme/dame/deme/denme de alta
    `,
    help: `
      ayuda/ayudame/ayudenme
      informacion
      mas informacion
    `,
  },
  courtesy:
    'por favor porfa porfavor gracias ya hola ahora buenos buenas buen dia dias tardes noches muchas inmediatamente amigos senores senor senora mismo',
  anywhere: {
    stop: `
      deja/deje/dejen/dejad/dejar/para/pare/paren/parad/parar/basta de ${SEND}
      paren/pare/para/basta con/de/ya? con/de? los/sus/tus/estos/tanto/tanta/tantos/la/el? ${MESSAGES}
      no me/nos ${SENDS}
      no ${SENDS} mas
      no ${SENDS} mas? ${MESSAGES}
      quiero/deseo/quisiera dejar de recibir
      no mas/quiero/deseo/queremos/deseamos/recibir mas/sus/tus/estos/esos/recibir/sus? de? ${MESSAGES}
      no quiero/deseo/queremos/deseamos/quisiera seguir? recibir/recibiendo
      no quiero/deseo/queremos que me/nos ${SENDS}
      ya no quiero/deseo/queremos mas/recibir/nada/sus/estos/que
      no quiero/deseo nada? mas ~ ${MESSAGES}
      no ser contactado/contactada/molestado/molestada
      ni un ${MESSAGES} mas
      quiteme/quitame/quitenme/eliminame/eliminenme/elimineme/borrame/borrenme/borreme/saquenme/sacame/saqueme/retirenme/retireme/remuevanme
      quiten/quite/quita/eliminen/elimine/elimina/eliminar/borren/borre/borra/borrar/saquen/saque/retiren mi/este/mis numero/nombre/correo/telefono/datos/celular/email/contacto
      dar/darme/darse/dame/deme/denme/dadme/darnos/denos/quiero/solicito de/la baja
      desuscribir/desuscribirme/desuscribirse/desuscribeme/desuscribanme/desuscribame/desubscribir/desubscribirme/desubscribanme
      dejenme/dejame/dejeme/dejadme/dejennos en/ya? paz/tranquilo/tranquila/tranquilos
      revoco/retiro mi/el? consentimiento
    `,
    unsure: `
      stop
      no gracias
      no me interesa/interesan
      no estoy/estamos interesado/interesada/interesados
      numero equivocado/incorrecto
      se equivoco/equivocaron de numero
      quien es/eres este/esta/usted/tu
      quien habla/eres
      de donde sacaron mi numero
      estafa/fraude/acoso/spam
      denuncia/denunciar/denunciare/demanda/demandar/abogado/profeco/rgpd
      cancelar/cancelen/cancele/cancela la/mi/esta suscripcion
      demasiados/tantos ${MESSAGES}
      no me llame/llamen/llames
      fallecio/murio/fallecido/fallecida
      ya basta
      nunca me suscribi
      nunca di mi? consentimiento/permiso/numero
    `,
    innocent: `
      no pares/paren/pare/pareis/dejes/dejen/deje/para/paro/puedo/quiero ~ de/parar/dejar
      no pares/paren/pare
      no quiero/me/nos ~ de baja
      no me/nos? des/den/de/quiero/voy/deseo? dar/darme? de baja
      no me quiten/quites/quite/borren/borres/elimines/eliminen/saquen
      sin parar
      parada/paradas
      responda/responde/envie/envia/escriba con? stop/baja/alto
      para darse de baja
    `,
  },
};
