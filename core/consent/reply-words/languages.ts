import { dutch } from './dutch.js';
import { english } from './english.js';
import { french } from './french.js';
import { german } from './german.js';
import { haitianCreole } from './haitian-creole.js';
import { italian } from './italian.js';
import { portuguese } from './portuguese.js';
import { spanish } from './spanish.js';
import type { ReplyWords } from './reply-words.js';

/**
 * All languages at once: nobody's language is known for sure, and "STOP" is said in each.
 *
 * Sources. English single words: 47 CFR 64.1200(a)(10), which names stop, quit, end, revoke, opt out, cancel and unsubscribe and asks
 * for any other wording that a reasonable person understands; Twilio's default keywords (docs: "Twilio support for opt-out keywords"),
 * ARRET and ARRETE of its French ones among them. START, UNSTOP and YES are those by which Twilio lifts its own block, so that both
 * sides agree; a "yes" in other languages starts nothing. Everything else is ours, collected language by language.
 */
export const languages: readonly ReplyWords[] = [english, french, spanish, haitianCreole, portuguese, german, italian, dutch];
