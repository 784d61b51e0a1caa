"""Given names that are a man's or a woman's wherever they are common, as data.

Names that are used for both somewhere (Andrea, Jean, Kim, Simone) are left out.
"""

from __future__ import annotations

from matchers.normalise.nicknames import NICKNAMES

_MEN = """
adam adrian alan albert alberto alejandro alessandro alexander alexandre alfonso alfred alois
anders andreas andres andrew anthony anton antonio armin arnold arthur august augusto axel ben
benedikt benjamin benoit bernard bernd bernhard bjorn bob boris brian bruno carl carlo carlos
cesar charles christian christoph christopher claudio clemens cornelius craig daniel dario david
denis dennis detlef didier diego dieter dietmar dietrich dirk dominik donald douglas edgar edmund
eduard eduardo edward emil emilio enrico enrique eric erich erik ernst eugen eugene fabian fabio
federico felix ferdinand fernando filip florian francesco francisco franco frank franz fred
frederic friedrich fritz gary geoffrey georg george georges gerald gerard gerd gerhard gianni
gilbert giorgio giovanni giulio giuseppe gordon graham gregor guido guillaume gunter gunther
gustav guy hans harald harold heiko heinrich heinz hendrik henri henry herbert hermann horst
howard hubert hugo ian ignacio igor ingo ivan jack jacob jacques jakob james javier jens jeremy
jerome joachim jochen johann johannes john jonas jonathan jorg jorge jose josef joseph juan julian
julien julio julius jurgen karl karsten keith kenneth kevin klaus konrad konstantin kurt lars
laurent leo leon leonard leonardo lorenz lorenzo louis luc lucas luigi luis lukas lutz maik
malcolm manfred manuel marc marcel marcello marco marcus mario mark markus martin massimo mathias
matteo matthew matthias maurice max maximilian michael miguel mike moritz neil nicholas nicolas
nikolaus nils norbert norman olaf oliver olivier oscar oskar otto pablo paolo pascal patrick paul
pedro peter philip philipp philippe pierre pietro rafael rainer ralf ralph raphael raymond
reinhard rene ricardo richard robert roberto rodolfo roger roland rolf roman ronald rudiger rudolf
salvatore samuel sandro sebastian sergio siegfried simon stanley stefan stefano stephan stephen
steve steven stuart sven theo theodor thomas thorsten tim timothy tobias tom torsten udo ulrich
uwe victor viktor vincent vincenzo volker walter werner wilhelm william wolfgang xavier yves
"""
_WOMEN = """
adele agnes alessandra alexandra alice alicia amalia amanda amelie amy ana angela angelika
angelina anita anja anke ann anna annabel anne annette annika antje antonia astrid audrey barbara
beate beatrice bertha bettina bianca birgit birgitta brigitte britta camilla carina carla carmen
carola carolin carolina caroline carolyn catherine cecilia charlotte chiara christa christel
christiane christina christine clara claudia cornelia cristina cynthia daniela deborah diana dora
doris dorothea dorothy edith eleanor elena eleonora elfriede elisa elisabeth elise elizabeth elke
ella ellen elsa elvira emily emma erica erika erna esther eva evelyn federica felicitas fiona
flora francesca franziska frederike frieda friederike gabriela gabriella genevieve gerda gertrud
gertrude gisela giulia gloria grace gudrun hanna hannah hannelore hedwig heidi heike helen helena
helene helga henriette herta hilda hilde hildegard ida ilona ilse ines inge ingeborg ingrid irene
iris irma irmgard isabel isabella isabelle jacqueline jana jane janet janine jennifer jessica joan
johanna josefine josephine judith julia juliane juliette karen karin karla karolina katharina
katherine kathleen kathrin katja katrin kerstin kirsten klara laura lea lena leonie lieselotte
linda lisa louise lucia lucy luisa luise lydia magdalena manuela margaret margarete margarita
margit margot marguerite maria marianne marie marina marion marlene marta martha martina mary
mathilde matilda megan melanie michaela mira miriam monica monika monique nadia nadine nancy
natalia natalie nathalie nicole nina nora odile olga olivia patricia paula pauline petra rachel
ramona rebecca regina renata renate rita roberta rosa rosemarie rosemary roswitha ruth sabine
sabrina samantha sandra sara sarah silke silvia sofia sonia sonja sophia sophie stefanie stella
stephanie susan susana susanna susanne sylvia tamara tanja tatjana teresa theresa theresia ulrike
ursula ute vanessa vera verena veronica veronika victoria viktoria virginia waltraud wilhelmina
yvonne
"""
MEN = frozenset(_MEN.split())
WOMEN = frozenset(_WOMEN.split())
GIVEN_NAMES = MEN | WOMEN | NICKNAMES.keys()


def man_and_woman(one: str, other: str) -> bool:
    """True where one name is a man's and the other a woman's: no typing error of each other."""
    return (one in MEN and other in WOMEN) or (one in WOMEN and other in MEN)
