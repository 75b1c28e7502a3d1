/** Where the numbers of an area code are: a US state or Canadian province, and the zones that its part of it lies in. */
export type AreaCodes = {
  readonly country: 'US' | 'CA';
  readonly region: string;
  readonly zones: readonly string[];
  readonly codes: string;
};

const EASTERN = 'America/New_York';
const CENTRAL = 'America/Chicago';
const MOUNTAIN = 'America/Denver';
const ARIZONA = 'America/Phoenix';
const PACIFIC = 'America/Los_Angeles';
const ALASKA = 'America/Anchorage';
const ALEUTIAN = 'America/Adak';
const HAWAII = 'Pacific/Honolulu';
const EDMONTON = 'America/Edmonton';
const VANCOUVER = 'America/Vancouver';
const DAWSON_CREEK = 'America/Dawson_Creek';
const WINNIPEG = 'America/Winnipeg';
const HALIFAX = 'America/Halifax';
const ST_JOHNS = 'America/St_Johns';
const TORONTO = 'America/Toronto';
const ATIKOKAN = 'America/Atikokan';
const BLANC_SABLON = 'America/Blanc-Sablon';
const REGINA = 'America/Regina';
const WHITEHORSE = 'America/Whitehorse';

/**
 * Sources: the assignments of NANPA and CNAC (nanpa.com, cnac.ca) as libphonenumber 9.0.43 (Apache-2.0) names their places, and three newer
 * ones (436, 679, 861); zones by 49 CFR 71 and, in Canada, the IANA time zone database. Where an area code crosses a line between
 * zones, it has both. A code that is not here (too new, toll-free, of no place) may be anywhere in the country. As of November 2026.
 */
export const areaCodes: readonly AreaCodes[] = [
  { country: 'US', region: 'AK', zones: [ALASKA, ALEUTIAN], codes: '907' },
  { country: 'US', region: 'AL', zones: [CENTRAL], codes: '205 251 256 334 659 938' },
  { country: 'US', region: 'AR', zones: [CENTRAL], codes: '327 479 501 870' },
  { country: 'US', region: 'AZ', zones: [ARIZONA], codes: '480 520 602 623' },
  { country: 'US', region: 'AZ', zones: [ARIZONA, MOUNTAIN], codes: '928' },
  {
    country: 'US',
    region: 'CA',
    zones: [PACIFIC],
    codes:
      '209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951',
  },
  { country: 'US', region: 'CO', zones: [MOUNTAIN], codes: '303 719 720 748 970 983' },
  { country: 'US', region: 'CT', zones: [EASTERN], codes: '203 475 860 959' },
  { country: 'US', region: 'DC', zones: [EASTERN], codes: '202 771' },
  { country: 'US', region: 'DE', zones: [EASTERN], codes: '302' },
  {
    country: 'US',
    region: 'FL',
    zones: [EASTERN],
    codes: '239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954',
  },
  { country: 'US', region: 'FL', zones: [EASTERN, CENTRAL], codes: '448 850' },
  { country: 'US', region: 'GA', zones: [EASTERN], codes: '229 404 470 478 678 706 762 770 912 943' },
  { country: 'US', region: 'HI', zones: [HAWAII], codes: '808' },
  { country: 'US', region: 'IA', zones: [CENTRAL], codes: '319 515 563 641 712' },
  { country: 'US', region: 'ID', zones: [MOUNTAIN, PACIFIC], codes: '208 986' },
  { country: 'US', region: 'IL', zones: [CENTRAL], codes: '217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872' },
  { country: 'US', region: 'IN', zones: [EASTERN], codes: '260 317 463 765' },
  { country: 'US', region: 'IN', zones: [EASTERN, CENTRAL], codes: '219 574 812 930' },
  { country: 'US', region: 'KS', zones: [CENTRAL], codes: '316 913' },
  { country: 'US', region: 'KS', zones: [CENTRAL, MOUNTAIN], codes: '620 785' },
  { country: 'US', region: 'KY', zones: [EASTERN], codes: '502 859' },
  { country: 'US', region: 'KY', zones: [EASTERN, CENTRAL], codes: '270 364 606' },
  { country: 'US', region: 'LA', zones: [CENTRAL], codes: '225 318 337 504 985' },
  { country: 'US', region: 'MA', zones: [EASTERN], codes: '339 351 413 508 617 774 781 857 978' },
  { country: 'US', region: 'MD', zones: [EASTERN], codes: '227 240 301 410 443 667' },
  { country: 'US', region: 'ME', zones: [EASTERN], codes: '207' },
  { country: 'US', region: 'MI', zones: [EASTERN], codes: '231 248 269 313 517 586 616 679 734 810 947 989' },
  { country: 'US', region: 'MI', zones: [EASTERN, CENTRAL], codes: '906' },
  { country: 'US', region: 'MN', zones: [CENTRAL], codes: '218 320 507 612 651 763 952' },
  { country: 'US', region: 'MO', zones: [CENTRAL], codes: '235 314 417 557 573 636 660 816 975' },
  { country: 'US', region: 'MS', zones: [CENTRAL], codes: '228 601 662 769' },
  { country: 'US', region: 'MT', zones: [MOUNTAIN], codes: '406' },
  { country: 'US', region: 'NC', zones: [EASTERN], codes: '252 336 472 704 743 828 910 919 980 984' },
  { country: 'US', region: 'ND', zones: [CENTRAL, MOUNTAIN], codes: '701' },
  { country: 'US', region: 'NE', zones: [CENTRAL], codes: '402 531' },
  { country: 'US', region: 'NE', zones: [CENTRAL, MOUNTAIN], codes: '308' },
  { country: 'US', region: 'NH', zones: [EASTERN], codes: '603' },
  { country: 'US', region: 'NJ', zones: [EASTERN], codes: '201 551 609 640 732 848 856 862 908 973' },
  { country: 'US', region: 'NM', zones: [MOUNTAIN], codes: '505 575' },
  { country: 'US', region: 'NV', zones: [PACIFIC], codes: '702 725' },
  { country: 'US', region: 'NV', zones: [PACIFIC, MOUNTAIN], codes: '775' },
  {
    country: 'US',
    region: 'NY',
    zones: [EASTERN],
    codes: '212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934',
  },
  { country: 'US', region: 'OH', zones: [EASTERN], codes: '216 220 234 283 326 330 380 419 436 440 513 567 614 740 937' },
  { country: 'US', region: 'OK', zones: [CENTRAL], codes: '405 539 572 580 918' },
  { country: 'US', region: 'OR', zones: [PACIFIC], codes: '503 971' },
  { country: 'US', region: 'OR', zones: [PACIFIC, MOUNTAIN], codes: '458 541' },
  { country: 'US', region: 'PA', zones: [EASTERN], codes: '215 223 267 272 412 445 484 570 582 610 717 724 814 835 878' },
  { country: 'US', region: 'RI', zones: [EASTERN], codes: '401' },
  { country: 'US', region: 'SC', zones: [EASTERN], codes: '803 821 839 843 854 864' },
  { country: 'US', region: 'SD', zones: [CENTRAL, MOUNTAIN], codes: '605' },
  { country: 'US', region: 'TN', zones: [CENTRAL], codes: '615 629 731 901 931' },
  { country: 'US', region: 'TN', zones: [EASTERN], codes: '865' },
  { country: 'US', region: 'TN', zones: [EASTERN, CENTRAL], codes: '423' },
  {
    country: 'US',
    region: 'TX',
    zones: [CENTRAL],
    codes: '210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 936 940 945 956 972 979',
  },
  { country: 'US', region: 'TX', zones: [MOUNTAIN], codes: '915' },
  { country: 'US', region: 'UT', zones: [MOUNTAIN], codes: '385 435 801' },
  { country: 'US', region: 'VA', zones: [EASTERN], codes: '276 434 540 571 686 703 757 804 826 948' },
  { country: 'US', region: 'VT', zones: [EASTERN], codes: '802' },
  { country: 'US', region: 'WA', zones: [PACIFIC], codes: '206 253 360 425 509 564' },
  { country: 'US', region: 'WI', zones: [CENTRAL], codes: '262 274 353 414 534 608 715 920' },
  { country: 'US', region: 'WV', zones: [EASTERN], codes: '304 681' },
  { country: 'US', region: 'WY', zones: [MOUNTAIN], codes: '307' },
  { country: 'CA', region: 'AB', zones: [EDMONTON], codes: '368 403 587 780 825' },
  { country: 'CA', region: 'BC', zones: [VANCOUVER], codes: '604' },
  { country: 'CA', region: 'BC', zones: [VANCOUVER, EDMONTON, DAWSON_CREEK], codes: '236 250 257 672 778' },
  { country: 'CA', region: 'MB', zones: [WINNIPEG], codes: '204 431 584' },
  { country: 'CA', region: 'NB', zones: [HALIFAX], codes: '428 506' },
  { country: 'CA', region: 'NL', zones: [ST_JOHNS, HALIFAX], codes: '709 879' },
  { country: 'CA', region: 'NS', zones: [HALIFAX], codes: '782 902' },
  { country: 'CA', region: 'NT', zones: [EDMONTON], codes: '867' },
  { country: 'CA', region: 'NU', zones: [TORONTO, WINNIPEG, EDMONTON, ATIKOKAN], codes: '867' },
  { country: 'CA', region: 'ON', zones: [TORONTO], codes: '226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942' },
  { country: 'CA', region: 'ON', zones: [TORONTO, WINNIPEG, ATIKOKAN], codes: '807' },
  { country: 'CA', region: 'PE', zones: [HALIFAX], codes: '782 902' },
  { country: 'CA', region: 'QC', zones: [TORONTO], codes: '263 273 354 438 450 468 514 579 819 873' },
  { country: 'CA', region: 'QC', zones: [TORONTO, HALIFAX, BLANC_SABLON], codes: '367 418 581' },
  { country: 'CA', region: 'SK', zones: [REGINA, EDMONTON], codes: '306 474 639' },
  { country: 'CA', region: 'YT', zones: [WHITEHORSE], codes: '867' },
];

/** Other countries and territories that share the calling code 1. */
export const otherAreaCodes: Readonly<Record<string, string>> = {
  AG: '268',
  AI: '264',
  AS: '684',
  BB: '246',
  BM: '441',
  BS: '242',
  DM: '767',
  DO: '809 829 849',
  GD: '473',
  GU: '671',
  JM: '658 876',
  KN: '869',
  KY: '345',
  LC: '758',
  MP: '670',
  MS: '664',
  PR: '787 939',
  SX: '721',
  TC: '649',
  TT: '868',
  VC: '784',
  VG: '284',
  VI: '340',
};
