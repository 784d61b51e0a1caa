"""Words that people, firms, streets and goods are made of."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Anna Ben Clara David Emma Felix Greta Hannes Ida Jonas Karla Lukas Marie Nils Olivia "
    "Paul Rosa Simon Tilda Viktor Amelie Bruno Camille Damian Elise Florian Gabriel Helena "
    "Ivan Julie Konrad Leonie Matteo Nora Oskar Pia Quentin Ruth Stefan Theresa"
)
LAST_NAMES = _words(
    "Adler Brandt Conrad Dietrich Ebner Fuchs Gruber Hartmann Iseli Jansen Keller Lehmann "
    "Moreau Neumann Ostermann Petit Quast Richter Schneider Thalmann Ullmann Vogel Wagner "
    "Zimmermann Baumgartner Chevalier Dubois Egger Fischer Girard Hofmann Imhof Kaufmann "
    "Laurent Mercier Novak Pichler Rousseau Steiner Turner Weber Clarke Bennett Foster "
    "Harrison"
)
FIRM_STEMS = _words(
    "Alpen Nord Rhein Donau Elbe Lindner Kranich Falke Merkur Orion Polar Atlas Delta Vega "
    "Zenit Birke Granit Kobalt Saphir Titan Ambra Castor Domino Ekko Fabula Gamma Helios "
    "Iris Juno Kappa Lumen Mira Nova Opal Prisma Quarz Ripa Sigma Terra Umbra Vesta Wega "
    "Xenon Ypsilon Zephyr Bergmann Carduus Dorn Eiche Furka"
)
FIRM_TRADES = _words(
    "Technik Logistik Handel Metall Optik Pharma Elektro Bau Chemie Druck Energie "
    "Feinmechanik Glas Holz Industrie Kunststoff Labor Maschinen Medizin Papier Robotik "
    "Sensorik Textil Verpackung Werkzeuge"
)
LEGAL_FORMS = {
    "DE": ("GmbH", "AG", "GmbH & Co. KG", "KG"),
    "AT": ("GmbH", "AG", "KG"),
    "CH": ("AG", "GmbH"),
    "FR": ("SARL", "SAS", "SA"),
    "GB": ("Ltd", "Limited", "PLC"),
}
STREETS = {
    "DE": tuple(
        f"{stem}{kind}"
        for stem in ("Haupt", "Bahnhof", "Garten", "Schul", "Ring", "Linden", "Berg", "Wald")
        for kind in ("straße", "weg", "allee")
    ),
    "AT": ("Mariahilfer Straße", "Ringstraße", "Neubaugasse", "Landstraße", "Lerchenfelder Gasse"),
    "CH": ("Bahnhofstrasse", "Seestrasse", "Hauptstrasse", "Industriestrasse", "Talweg"),
    "FR": ("Rue de la Gare", "Avenue Victor Hugo", "Rue du Moulin", "Boulevard Voltaire"),
    "GB": ("High Street", "Station Road", "Church Street", "Mill Lane", "Victoria Street"),
}
CITIES = {
    "DE": (
        ("10115", "Berlin"), ("20095", "Hamburg"), ("80331", "München"), ("50667", "Köln"),
        ("60311", "Frankfurt am Main"), ("70173", "Stuttgart"), ("04109", "Leipzig"),
        ("28195", "Bremen"), ("90402", "Nürnberg"), ("01067", "Dresden"), ("30159", "Hannover"),
    ),
    "AT": (("1010", "Wien"), ("8010", "Graz"), ("4020", "Linz"), ("5020", "Salzburg")),
    "CH": (("8001", "Zürich"), ("3011", "Bern"), ("4051", "Basel"), ("6003", "Luzern")),
    "FR": (("75001", "Paris"), ("69001", "Lyon"), ("67000", "Strasbourg"), ("33000", "Bordeaux")),
    "GB": (("SW1A 1AA", "London"), ("M1 1AE", "Manchester"), ("LS1 4DY", "Leeds")),
}  # fmt: skip
COUNTRY_WEIGHTS = {"DE": 55, "AT": 14, "CH": 14, "FR": 10, "GB": 7}
PHONES = {
    "DE": ("49", ("30", "40", "89", "221", "69", "711"), 8),
    "AT": ("43", ("1", "316", "732"), 7),
    "CH": ("41", ("44", "31", "61"), 7),
    "FR": ("33", ("1", "4", "3"), 8),
    "GB": ("44", ("20", "161", "113"), 8),
}

CATEGORIES = (
    "POWER_TOOLS", "HAND_TOOLS", "FASTENERS", "SENSORS", "CABLES", "PUMPS", "VALVES", "LIGHTING",
    "SAFETY", "LAB_GLASS", "ADHESIVES", "BEARINGS",
)  # fmt: skip
GOODS = {
    "POWER_TOOLS": (("Drill", "Bohrmaschine"), ("Grinder", "Schleifer"), ("Jigsaw", "Stichsäge")),
    "HAND_TOOLS": (("Hammer", "Hammer"), ("Pliers", "Zange"), ("Wrench", "Schlüssel")),
    "FASTENERS": (("Screw set", "Schraubensatz"), ("Anchor", "Dübel"), ("Rivet", "Niete")),
    "SENSORS": (("Pressure sensor", "Drucksensor"), ("Thermometer", "Thermometer")),
    "CABLES": (("Patch cable", "Patchkabel"), ("Power cable", "Netzkabel")),
    "PUMPS": (("Gear pump", "Zahnradpumpe"), ("Sump pump", "Tauchpumpe")),
    "VALVES": (("Ball valve", "Kugelhahn"), ("Check valve", "Rückschlagventil")),
    "LIGHTING": (("Work light", "Arbeitsleuchte"), ("LED strip", "LED-Band")),
    "SAFETY": (("Helmet", "Helm"), ("Goggles", "Schutzbrille"), ("Gloves", "Handschuhe")),
    "LAB_GLASS": (("Beaker", "Becherglas"), ("Flask", "Kolben")),
    "ADHESIVES": (("Epoxy", "Epoxidharz"), ("Sealant", "Dichtmasse")),
    "BEARINGS": (("Ball bearing", "Kugellager"), ("Roller bearing", "Rollenlager")),
}
FINISHES = (
    ("blue", "blau"), ("red", "rot"), ("black", "schwarz"), ("steel", "Stahl"),
    ("brass", "Messing"), ("compact", "kompakt"), ("heavy", "schwer"), ("XL", "XL"),
)  # fmt: skip
PLANS = ("BASIC", "PRO", "ENTERPRISE")
COMPANIES = {"1000": "EUR", "2000": "EUR", "3000": "CHF"}
SHOP_ENTITIES = {"1000": "DE01", "2000": "AT01", "3000": "CH01"}
SHOP_CHANNELS = {"STD": "web-std", "WHOLESALE": "web-wholesale"}
ISO3 = {"DE": "DEU", "AT": "AUT", "CH": "CHE", "FR": "FRA", "GB": "GBR"}
