"""Short forms of given names, as data: each line holds names that may stand for each other."""

from __future__ import annotations

_GROUPS = """
abigail abby abbie gail
abraham abe bram
adelaide addie ada
agnes aggie nessie
albert al bert bertie albie
alexander alex sandy alec sasha xander lex alessandro alejandro
alexandra alex sandra sandy sasha lexie
alfred alf alfie fred freddie
alice allie ally
amanda mandy
andrew andy drew andreas andre andrea
angela angie
anne ann anna annie nancy nan hannah anita
anthony tony antony anton antonio
archibald archie baldie
arthur art artie
augustus gus august augustine
barbara barb babs barbie
bartholomew bart
beatrice bea trixie
benjamin ben benny benji
bernard bernie
bridget biddy bridie
caroline carrie caro lina carolyn
catherine kate katie kathy cathy kitty kay katherine kathryn katharine cath kathleen katarina
charles charlie chuck chas carl karl carlos
charlotte lottie charley
christian chris
christina chris tina christine chrissie kristin
christopher chris kit topher kris christoph
cornelius con neil connie
cynthia cindy
daniel dan danny
david dave davy davie
deborah deb debbie debra
dennis denny denis
dominic dom nick dominik
donald don donnie
dorothy dot dottie dolly dora
douglas doug
edgar ed
edmund ed eddie ned ted
edward ed eddie ned ted teddy eduard edwin
eleanor nell nellie ellie nora elinor lenore
elizabeth liz lizzie beth betty betsy bess eliza elsie libby lisa elisabeth bessie
emily em emmie millie
emma em emmie
eugene gene
evelyn eve evie
florence flo florrie flossie
frances fran fanny francie
francis frank frankie francisco franz
franklin frank
frederick fred freddie freddy fritz friedrich fredrick
gabriel gabe
geoffrey geoff jeff jeffrey
george georgie jorge georg
gerald gerry jerry
gerard gerry jerry
gertrude gertie trudy
gilbert gil bert
gregory greg gregor
gwendolyn gwen
harold harry hal
harriet hattie harry
helen nell nellie lena ellen helena
henry harry hal hank henri heinrich
herbert bert herb bertie
horace horry
hugh hughie hugo
isaac ike
isabella bella belle isabel isobel izzy
jacob jake jack
jacqueline jackie
james jim jimmy jamie jem
jane janie jenny janet
jean jeanne jeannie
jennifer jen jenny
jeremy jerry
jessica jess jessie
joan joanie
john jack johnny jock johann jon juan jean hans giovanni
jonathan jon jonny nathan john
joseph joe joey jo jose josef
josephine jo josie
joshua josh
judith judy jude
julia julie jill
katrina trina
kenneth ken kenny
kimberly kim
laurence larry lawrence laurie lars lorenz
leonard len lenny leo
leopold leo
lewis lew lou louis louie ludwig
lillian lily lil lilian
louise lou lulu louisa
lucy lu lucille lucia
lydia liddy
madeline maddie maddy madeleine
margaret maggie meg peggy madge marge margie greta daisy rita maisie
maria mary marie
martha mattie patty marty
martin marty
mary molly polly mae may mamie minnie maria marie
matilda tilly tillie mattie
matthew matt matty mathew matthias
maurice morris
maximilian max
melissa lissa missy mel
michael mike mick micky mickey mikey michel miguel mitch
mildred millie
millicent millie
miriam mim mimi
montague monty
nathaniel nat nate nathan
nicholas nick nicky nico klaus nicolas nikolaus
norman norm
oliver ollie
oscar ossie
pamela pam
patricia pat patty tricia trish
patrick pat paddy
paul pablo paolo
penelope penny
peter pete pieter pedro pierre
philip phil pip phillip
phyllis phyl
prudence pru
rachel rae
ralph rafe
randolph randy
raymond ray
rebecca becky becca
reginald reg reggie rex
richard dick rick ricky rich richie ricardo
robert bob bobby rob robbie bert roberto rupert
roderick rod
roger rodge hodge
roland rollo rowland
ronald ron ronnie
rosemary rose rosie
rose rosie rosa
rudolph rudy rolf
samantha sam
samuel sam sammy
sarah sally sadie sara
sebastian seb bastian
sidney sid sydney
simon si
solomon sol
sophia sophie
stanley stan
stephen steve stevie steven stefan esteban stephan
stuart stu stewart
susan sue susie suzy susanna susannah
sylvester sly
teresa terry tess tessa theresa
terence terry terrance
theodore ted teddy theo
thomas tom tommy tomas
timothy tim timmy
tobias toby
valentine val
valerie val
veronica ronnie
victor vic
victoria vicky vic tori
vincent vince vinnie
violet vi
virginia ginny
vivian viv
walter wally walt
wilfred wilf fred
wilhelmina mina minnie
william will bill billy willie liam wilhelm guillermo wm
winifred winnie freda
winston win
zachary zach zack
"""

NICKNAMES: dict[str, frozenset[int]] = {}
for _number, _line in enumerate(_GROUPS.split("\n")):
    for _name in _line.split():
        NICKNAMES[_name] = NICKNAMES.get(_name, frozenset()) | {_number}


def same_person_name(one: str, other: str) -> bool:
    """True where both names are forms of one given name."""
    groups = NICKNAMES.get(one)
    return groups is not None and not groups.isdisjoint(NICKNAMES.get(other, ()))
