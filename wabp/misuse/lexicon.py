"""Owns which words are names. The lists are Faker's (MIT), read when first needed; stop words take names out."""

import importlib
import unicodedata
from collections.abc import Iterable
from functools import cache

_LOCALES = ("nl_BE", "nl_NL", "fr_BE", "fr_FR", "fr_DZ", "en_GB", "de_DE", "tr_TR", "pl_PL", "ro_RO", "it_IT", "es_ES")
_WORDS_OF = ("nl_BE", "fr_FR", "de_DE", "en_US")

# Short forms that parents' registers do not list.
_CALL_NAMES = """
jordy jordi freddy rudy eddy willy ronny danny benny johnny jimmy sammy kenny robby andy gerry harry barry tony ricky
ludo jef jos jan joske lowie staf stan fons rik dirk wim geert bart koen joris joost kees cees henk piet truus greet
ria mia rita magda gerda brigitte chantal sabine nadia sonja tine tineke hilde marleen ingrid karin karen anja
sanne lotte noor noah daan sem max emma yara lea youssef yassin yassine mehmet mohamed mohammed mohammad ahmed karim
khalid hassan hamza bilal ilyes ilyas ibrahim mustafa fatima aicha samira naima rachid said abdel omar ali
gary steve dave mike kev kevin dylan brandon jayden kimberly wendy sandy cindy glenn stef steffie wouter pieter
thierry olivier mathieu benoit nathalie amy erik eric luc ingrid anita petra ricardo patrick
""".split()

# Names that are first of all everyday words, months, places or brands in one of the four languages.
_NOT_NAMES = """
an anders april august augustus mai mei juni juli june july may will bill mark grant rose lily iris daisy violet jade
ruby amber pearl joy hope faith grace chase hunter storm rain river sky star dawn eve summer autumn winter guy drew
gene rich art bob bud buck cash dean earl duke prince king major miles page paris london lourdes florence sydney
victoria alexandria charlotte chelsea brooklyn austin dallas houston jackson madison lincoln america india asia
christian christelijk pascal noel pascha sultan deniz can al el de den der van von le la les du des ten ter te el
dan das die der dat deze dit een ene en er es et est il elle on ou au aux ce se si sa son ses ma mon mes ta ton tes
hij hun hen haar zijn ben was had nog niet geen wie wat waar wel ook als maar toch dus door voor naar naast bij met
bus bussen fiets auto wagen straat deur huis bank winkel camera politie buurt wijk school kerk plein park station
kanaal brug markt bakker slager molen meulen visser smit kuiper timmerman jager koning keizer prins graaf baron
bos berg dijk heuvel veld water zand steen berk eik linde beuk roos bloem haan wolf vos leeuw beer hond kat
wit zwart groen rood blauw grijs bruin geel groot klein lang kort jong oud goed sterk snel rust vrede dag nacht
zomer herfst lente morgen avond middag zon maan ster wind sneeuw ijs vuur vlam brand
blanc noir brun rouge vert gris petit grand gros long court bon beau jeune vieux leger fort blond
boulanger boucher berger meunier marchand charpentier mercier chevalier roi comte marquis
rue place pont moulin bois forest champ fontaine jardin maison martin-pecheur robin
black white brown green gray grey young long short small little strong good best day night knight baker butcher
cook carter cooper mason turner miller hunt hill wood woods field fields forest stone bridge church street park
parks lane banks bush rice bean potter porter parker price cross case moon gold silver diamond fox wolf bird
bright sharp power case rose winters snow frost stark savage winter
schwarz weiss klein gross lang kurz jung alt gut stark schnell sommer winter morgen abend sonntag freitag
mann frau kind herr haus berg wald feld stein bach brunnen garten kirche schule markt bauer koch beck
fuchs wolf vogel hahn bar rot braun gelb blau grau kaiser konig graf ritter engel kraft herz kuss
marina sofia milan lago nova luna stella mercedes opel ford seat skoda peugeot renault citroen volvo tesla fiat
audi honda mazda suzuki kia toyota nissan delhaize colruyt lidl aldi jumbo carrefour action hema telenet proximus
ring post haag pastoor sint saint santa antwerpen gent brussel brugge leuven mechelen aalst utrecht rotterdam
nike puma gazelle batavus vespa piaggio apple samsung wilson beagle alarm app sms info tip tips let op opgelet
beste buren buur hallo hoi dag groeten groetjes groet gr mvg merci dank bedankt help hulp hey hi hello dear bonjour
salut bonsoir cordialement danke hallo achtung attention update urgent dringend belangrijk melding bericht
kim-phuc ter bar bel mis mist wil laat zet kan moet mag zal gaat doet staat zit komt loopt man men mens
alle allen alles iemand niemand iedereen wij jij jullie ons onze mijn jouw uw eens even weer steeds soms
noord zuid oost west nord sud est ouest north south east north-west centrum rond tegen
maan man men pol pools ren tip tips tor lot mol pet pan ros rob-bie roman salon sim tim-mer ton tom-tom ban bon cas
dien duman dina diva emre-kan eva-cuatie fay fee flo gill gino-la han hans-op harm ice ida ike ina ira isa jo jet
lou lux mac mara mel mika mina mo nick-el noa noe nora-tief pat per pim pip ray reed ria-nt rick-ety rik-sja ro
sam-en sid sus ted the tia tim-id tor val van vic will zoe-ken elf gast gasten meld melden bende peer pier perle
prudence clement constant desire fidele modeste parfait placide prosper severe aime france dominique-plein
ange angel angelique celeste divine merveille precieuse victoire fortune juste blanche claire
blank donker licht lieve lief beter mooi vroeg laat gauw
brave curt ernst frank frei gabe gunst heide hilde-gard kai karl-heinz linde sonne stern treu wilde
german dutch polish roman english french saar belg belge europa
bestuurder dader daders dief dieven buurman buurvrouw getuige chauffeur
""".split()


def plain(word: str) -> str:
    """Return a name from a list in the letters that normalised text has."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("ı", "i").replace("ł", "l"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def everyday() -> frozenset[str]:
    """Return common words of the four languages, which are no evidence of a name."""
    words = {plain(word) for locale in _WORDS_OF for word in _listed("lorem", locale, "word_list")}
    return frozenset(words | set(_NOT_NAMES)) - set(_CALL_NAMES)


@cache
def given_names() -> frozenset[str]:
    """Return all given names, also those that are everyday words: they count beside a family name only."""
    listed = {plain(name) for locale in _LOCALES for name in _listed("person", locale, "first_names")}
    return frozenset({name for name in listed if name.isalpha() and len(name) > 1} | set(_CALL_NAMES) | {"an", "mo"})


@cache
def first_names() -> frozenset[str]:
    """Return given names that are not everyday words."""
    return frozenset(name for name in given_names() if len(name) > 2) - everyday()


@cache
def any_names() -> frozenset[str]:
    """Return all names there are, to pass other words by quickly."""
    return first_names() | last_names()


@cache
def family_names() -> frozenset[str]:
    """Return all family names without their prefix, also those that are everyday words."""
    listed = {
        plain(name).split()[-1]
        for locale in _LOCALES
        for attribute in ("last_names", "unisex_last_names")
        for name in _listed("person", locale, attribute)
    }
    return frozenset(name for name in listed if name.isalpha() and len(name) > 2)


@cache
def last_names() -> frozenset[str]:
    """Return family names that are not everyday words."""
    return frozenset(name for name in family_names() if len(name) > 3) - everyday()


def _listed(kind: str, locale: str, attribute: str) -> Iterable[str]:
    provider = importlib.import_module(f"faker.providers.{kind}.{locale}").Provider
    found: Iterable[str] = getattr(provider, attribute, ())
    return found
