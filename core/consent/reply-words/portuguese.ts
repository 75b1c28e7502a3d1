import type { ReplyWords } from './reply-words.js';

const MESSAGES =
  'mensagens/mensagem/msg/msgs/sms/torpedos/emails/email/mails/spam/publicidade/propaganda/propagandas/promocoes/notificacoes/anuncios/ofertas/contatos/contactos';
const SEND =
  'enviar/mandar/escrever/contactar/contatar/incomodar/perturbar/encher/importunar/spammar/chatear/mensagear/incomodando/enviando/mandando/perturbando';
const SENDS =
  'envie/enviem/envies/enviar/mande/mandem/mandes/mandar/manda/escreva/escrevam/escrevas/contacte/contactem/contate/contatem/perturbe/perturbem/incomode/incomodem/chateiem/importunem';

export const portuguese: ReplyWords = {
  alone: {
    stop: `
      parar/pare/parem/para/sair/sai/cancelar/cancela/cancele/cancelem/remover/remova/remove/descadastrar/descadastre/descadastro/desinscrever
      desinscricao/anular/terminar/basta/chega/fim/excluir/exclua/apagar/desativar/desligar
      descadastrar/desinscrever/remova/remove/remover/exclua/apague/cancele me
      me tire/tira/tirem/remova/remove/removam/exclua/excluam/descadastre/descadastra/apague/retire
      nao mais/quero/envie/enviem mais?
      nao mais ${MESSAGES}
      sem mais? ${MESSAGES}
      nao ${MESSAGES}
    `,
    start: `
      comecar/iniciar/voltar/retomar/assinar/inscrever/reinscrever/reativar
    `,
    help: `
      ajuda/ajude/socorro/informacao/informacoes
      me ajude/ajuda
    `,
  },
  courtesy: 'por favor pf pfv pff obrigado obrigada obg agora ola oi bom boa dia tarde noite ja gentileza imediatamente mesmo grato grata',
  anywhere: {
    stop: `
      para/pare/parem/parar/deixa/deixe/deixem/chega/basta de me/nos? ${SEND}
      para/pare/parem/parar/chega/basta com/de o/as/os/a/essas/esses/estas/estes/essa/tantas/suas/vossas? ${MESSAGES}
      nao quero/desejo/queremos/desejamos/gostaria/pretendo de? mais? receber
      nao quero/desejo/queremos/desejamos/pretendo mais/essas/esses/estas/estes/suas/tuas/nenhuma/vossas? as/nenhuma/suas? ${MESSAGES}
      nao quero/desejo mais nada? ser/receber/contato/contacto/isso
      nao quero/desejo ser ~ contactado/contatado/contactada/contatada/incomodado/incomodada
      nao me/nos ${SENDS}
      nao ${SENDS} me
      nao ${SENDS} mais
      me/nos tire/tira/tirem/remova/remove/removam/exclua/excluam/retire/retirem/apague da/desta/dessa/do/deste/desse/dai
      retire/retirem/remova/removam/exclua/excluam/apague/apaguem/tire/tirem o/a? meu/minha/este/esse/meus numero/contato/contacto/nome/email/telefone/dados/cadastro/telemovel/celular
      retire/retirem/remova/removam/tire/tirem/apaguem me
      descadastrar/descadastre/descadastrem/descadastro/descadastra/desinscrever/desinscreva/desinscrevam/desinscricao
      deixem/deixa/deixe me/nos em paz
      me/nos deixe/deixem/deixa em paz
      mais nenhuma/nenhum ${MESSAGES}
      nem mais uma mensagem
      cancelar/cancelem/cancele/cancela o/as/os? envio/envios/${MESSAGES}
      revogo/retiro o? meu? consentimento
    `,
    unsure: `
      stop
      nao obrigado/obrigada
      nao tenho/tem interesse
      nao estou/estamos interessado/interessada/interessados
      nao me interessa
      numero errado
      engano/foi engano
      quem e voce/este/esta
      quem fala/esta falando
      golpe/fraude/spam/procon/anatel/lgpd/rgpd/assedio
      denunciar/denuncia/processar/advogado
      muitas/tantas ${MESSAGES}
      nunca me? cadastrei/inscrevi/autorizei
      faleceu/morreu/falecido/falecida
      cancelar/cancelem/cancele a/minha assinatura/subscricao
    `,
    innocent: `
      nao pare/parem/pares/para/deixe/deixem/deixa/consigo/quero/posso ~ de/parar
      nao pare/parem/pares
      nao me/nos? tire/tirem/remova/removam/exclua/retire/quero/vou? me? descadastrar/descadastre/da/desta
      nao me descadastre/descadastrem/remova/removam/tire/tirem/exclua
      nao quero/vou me? descadastrar/cancelar
      sem parar
      ponto/parada de
      responda/envie/digite sair/parar/stop
    `,
  },
};
