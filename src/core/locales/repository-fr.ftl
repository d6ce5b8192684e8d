# Textes des dépôts de sauvegardes pour l’administrateur : ajouter, contrôler, oublier, le code de récupération.

repository-none = Aucun dépôt n’est connu. Ajoutez-en un avec : bridle repository add
repository-line = { $name }  { $place }
repository-protected = Protégé : le code de récupération a été retapé le { $time }.
repository-unprotected = Non protégé : personne n’a prouvé avoir son code de récupération. Retapez-le avec : bridle backup key rehearse { $name }
repository-unfinished = Pas prêt : l’ajout n’est pas arrivé à sa fin. Redonnez la même commande.
repository-checked = Contrôlé le { $time } : intact.
repository-checked-damaged = Contrôlé le { $time } : { $count ->
    [one] un dommage.
   *[other] { $count } dommages.
}
repository-unchecked = Jamais contrôlé.
repository-no-versions = Le stockage ne garde pas les versions précédentes : qui a sa clé d’accès peut détruire ce qu’il contient.
repository-no-condition = Le stockage ne refuse pas de lui-même un second rédacteur : assurez-vous que seule cette installation y écrit.
repository-added = Le dépôt { $name } est ajouté.
repository-replaced = Le dépôt { $name } est désormais atteint comme indiqué.
repository-removed = Le dépôt { $name } est oublié ici. Rien n’a été supprimé dans { $place }.
repository-remove-ask = Oublier le dépôt { $name } ({ $place }) ? Rien n’y est supprimé, et il faudra son code de récupération pour l’ajouter de nouveau.
repository-shared-ask = { $place } est sur le disque des données et n’aide pas si ce disque est perdu. L’utiliser quand même ?
repository-sheet-once = Ce code est montré maintenant et plus jamais. Imprimez-le ou notez-le :
repository-sheet-next = Prouvez ensuite que vous l’avez : bridle backup key rehearse { $name }
repository-ask-code = Code de récupération :
repository-ask-key-id = Clé d’accès :
repository-ask-secret = Clé secrète (non affichée) :
repository-check-progress = { $done } sur { $total } lus
repository-check-whole = Le dépôt { $name } est intact : { $count ->
    [one] un instantané
   *[other] { $count } instantanés
}.
repository-check-remark = Étrange, mais sans danger : { $text }
repository-finding-key-gone = La clé enveloppée du code de récupération n’est plus dans le dépôt. Établissez un nouveau code avec : bridle backup key rotate { $name }
repository-finding-key-more = Il y a { $count ->
    [one] une autre clé enveloppée
   *[other] { $count } autres clés enveloppées
} dans le dépôt : un autre code de récupération peut l’ouvrir.
repository-finding-owner-none = Personne n’est indiqué comme propriétaire du dépôt.
repository-finding-owner-other = { $site } est indiqué comme propriétaire du dépôt, et non cette installation.
repository-finding-owner-damaged = La marque du propriétaire du dépôt ne peut pas être lue.
repository-lease-changed = Quelqu’un d’autre en est devenu propriétaire à l’instant même.

key-line = { $name } : clé { $key }, établie le { $made }
key-rehearsed = Retapé le { $time }.
key-not-rehearsed = Jamais retapé : les sauvegardes qui s’y trouvent ne comptent pas comme protégées.
key-proved = Le code de récupération ouvre le dépôt { $name }. Il est protégé.
key-rotated = Le dépôt { $name } a un nouveau code de récupération. L’ancien ne l’ouvre plus.
key-rotate-ask = Donner un nouveau code de récupération au dépôt { $name } ? La feuille existante ne servira plus, et le dépôt n’est pas protégé tant que le nouveau code n’a pas été retapé.
key-which = Plusieurs dépôts sont connus ({ $names }). Nommez-en un.

worker-ended-signal = Un signal l’a arrêté ({ $signal }). Le signal 6 ou 9 veut presque toujours dire que sa mémoire ({ $memory }) ne suffisait pas.
worker-ended-code = Il s’est terminé avec le code { $code }.

BR-1451 = Le dépôt ne peut pas être ajouté : { $what ->
    [name] son nom peut avoir de 1 à 40 signes parmi a-z, 0-9 et -.
    [directory] son dossier doit être un chemin complet hors des dossiers de Bridle et du système.
    [endpoint] l’adresse doit être https://HÔTE ou https://HÔTE:PORT, sans nom ni mot de passe.
    [bucket] cela ne peut pas être le nom d’un compartiment.
    [prefix] le préfixe doit être fait de noms simples entre des barres obliques.
    [region] cela ne peut pas être une région.
    [ca] il n’y a pas de certificat (PEM) dans le fichier de l’autorité.
    [credentials] un stockage objet a besoin d’une clé d’accès, un dossier d’aucune.
    [count] il y a déjà autant de dépôts que permis.
   *[other] { $what }
}
    .why = Un dépôt a besoin d’un nom à lui et d’un lieu qui peut être atteint.
    .fix = Corrigez la commande : bridle repository add
BR-1452 = Il n’y a pas de dépôt { $repository }.
    .why = Il n’a jamais été ajouté ici, ou il est oublié.
    .fix = Voyez ceux qu’il y a avec : bridle repository list
BR-1453 = Le dépôt { $repository } est déjà connu, dans { $place }.
    .why = Chaque dépôt a un nom et un lieu.
    .fix = Choisissez un autre nom ou un autre lieu. Pour donner au même dépôt une nouvelle clé d’accès : bridle repository add --replace
BR-1454 = { $place } est un espace vide : rien n’est monté sur { $point }.
    .why = La table des systèmes de fichiers (/etc/fstab) y prévoit un support qui n’est pas là. Les sauvegardes rempliraient le disque de ce serveur et disparaîtraient de la vue quand le support sera monté.
    .fix = Montez-le (mount { $point }) et redonnez la commande.
BR-1455 = { $place } est sur le disque des données.
    .why = Si ce disque est perdu, les sauvegardes le sont avec les données.
    .fix = Prenez un autre disque, un dossier du réseau ou un stockage objet. S’il le faut : bridle repository add --same-disk
BR-1456 = { $place } contient autre chose : { $what }.
    .why = Les sauvegardes ne sont mises que là où il n’y a rien d’autre, ou dans un dépôt de Bridle.
    .fix = Donnez un dossier vide, ou un autre préfixe du compartiment.
BR-1457 = Il y a déjà un dépôt dans { $place }, et ce serveur n’a pas sa clé.
    .why = Il a été créé par une autre installation, ou ce serveur a été refait.
    .fix = Munissez-vous de son code de récupération et ajoutez-le avec : bridle repository add --recovery-code FICHIER
BR-1458 = Cela ne peut pas être une clé d’accès d’un stockage objet.
    .why = Le fichier doit avoir les lignes aws_access_key_id = … et aws_secret_access_key = …, chacune une fois.
    .fix = Corrigez le fichier, ou tapez la clé quand elle est demandée : bridle repository add
BR-1459 = Le processus qui travaille sur le dépôt { $repository } s’est terminé sans réponse.
    .why = Quelque chose l’a arrêté, ou sa mémoire ne suffisait pas. Ce qui est dans le dépôt est intact.
    .fix = Redonnez la commande. Si cela se répète, regardez la mémoire libre de ce serveur.
BR-1460 = Le travail sur le dépôt { $repository } n’a pas abouti en { $seconds } secondes.
    .why = Le stockage ou le réseau est très lent, ou bloqué. Ce qui est dans le dépôt est intact.
    .fix = Regardez le stockage et le réseau, et redonnez la commande.
BR-1461 = Le travail sur le dépôt { $repository } a été arrêté.
    .why = Quelqu’un l’a arrêté, ou l’agent a été arrêté. Ce qui est dans le dépôt est intact.
    .fix = Redonnez la commande.
BR-1462 = Autre chose est en cours avec le dépôt { $repository }.
    .why = Une seule chose à la fois est faite avec les dépôts.
    .fix = Attendez-en la fin et redonnez la commande.
BR-1463 = Les réglages des dépôts ne peuvent pas être lus.
    .why = Le fichier { $path } est abîmé, ou a été écrit par une version plus récente.
    .fix = Remettez le fichier comme il était, ou écartez-le et ajoutez de nouveau les dépôts avec leurs codes de récupération : bridle repository add
BR-1464 = Ce serveur n’a plus la clé du dépôt { $repository }.
    .why = Le fichier scellé qui la contient manque ou est abîmé, ou sa clé de scellement l’est. Les sauvegardes sont intactes.
    .fix = Ramenez la clé avec le code de récupération : bridle repository add --replace --recovery-code FICHIER
BR-1465 = Le dépôt { $repository } n’est pas prêt.
    .why = L’ajout a été interrompu.
    .fix = Redonnez la même commande : bridle repository add

help-bridle-repository = Dépôts : là où les sauvegardes sont gardées
    .examples =
        bridle repository add disque --directory /mnt/sauvegarde
        bridle repository list
help-bridle-repository-add = Ajouter un dépôt : un dossier sur un autre disque, ou un compartiment d’un stockage objet
    .more =
        Essaie ce que le stockage sait faire, y crée un dépôt ou ouvre celui qui s’y trouve, et montre le code de récupération d’un
        nouveau dépôt, une fois. Les sauvegardes y comptent comme protégées quand ce code a été retapé (bridle backup key rehearse). La
        clé d’accès d’un stockage objet est lue dans un fichier ou sur l’entrée standard, jamais sur la ligne de commande.
    .examples =
        bridle repository add disque --directory /mnt/sauvegarde
        bridle repository add nuage --s3 campus-sauvegarde --endpoint https://s3.example --credentials cle.txt
        bridle repository add disque --directory /mnt/sauvegarde --recovery-code code.txt # un dépôt qui existe
    .name = Comment il doit s’appeler : a-z, 0-9 et -
    .directory = Un dossier qui existe, sur un autre disque que les données
    .s3 = Un compartiment qui existe
    .endpoint = Adresse du stockage objet, https://HÔTE
    .region = Région du stockage objet, s’il en a
    .path-style = Le compartiment est dans le chemin de l’adresse, comme le veulent la plupart des serveurs propres
    .ca = Fichier avec le certificat (PEM) de l’autorité qui a signé celui du serveur
    .prefix = Début du nom de tous les objets, si le compartiment contient autre chose
    .credentials = Fichier avec la clé d’accès (aws_access_key_id = …) ; sans lui, elle est demandée ou lue sur l’entrée standard
    .recovery-code = Fichier avec le code de récupération d’un dépôt qui existe déjà
    .same-disk = Prendre quand même un dossier sur le disque des données
    .take-over = Nom du site dont le dépôt est repris, et qui doit avoir disparu pour de bon
    .replace = Le dépôt est connu : lui donner une nouvelle clé d’accès, ou lui rendre sa clé
help-bridle-repository-list = Lister les dépôts, et dire s’ils sont protégés
    .examples =
        bridle repository list
        bridle repository list --json # pour les programmes
help-bridle-repository-check = Contrôler un dépôt : tout est-il là, et tel qu’écrit ?
    .more = Un dommage finit avec le code de sortie 6. Ctrl-C arrête le contrôle et n’abîme rien.
    .examples =
        bridle repository check disque
        bridle repository check disque --read-data
    .name = Nom du dépôt
    .read-data = Relire aussi toutes les données : aussi long et coûteux que de tout restaurer
help-bridle-repository-remove = Oublier un dépôt ; rien n’y est supprimé
    .examples =
        bridle repository remove disque
        bridle repository remove disque --yes # sans question
    .name = Nom du dépôt
    .yes = Ne pas demander
help-bridle-backup = Sauvegardes : les faire, les lister, et leurs clés
    .examples =
        bridle backup start
        bridle backup list
help-bridle-backup-key = Codes de récupération : ce qui ouvre les sauvegardes quand ce serveur a disparu
    .examples =
        bridle backup key show
        bridle backup key rehearse disque
help-bridle-backup-key-show = Quels codes de récupération il y a et quand ils ont été retapés ; jamais un code
    .examples =
        bridle backup key show
        bridle backup key show disque --json
    .name = Nom du dépôt ; tous s’il est omis
help-bridle-backup-key-rehearse = Prouver que vous avez le code de récupération : tapez-le, il doit ouvrir le dépôt
    .examples =
        bridle backup key rehearse disque
        bridle backup key rehearse disque < code.txt
    .name = Nom du dépôt ; peut être omis s’il n’y en a qu’un
help-bridle-backup-key-rotate = Donner un nouveau code de récupération à un dépôt ; l’ancien ne l’ouvre plus
    .more =
        À faire quand une feuille est perdue ou a été vue par quelqu’un. Qui a copié la clé elle-même tant que l’ancien code valait
        peut encore lire les sauvegardes : prenez alors un nouveau dépôt.
    .examples =
        bridle backup key rotate disque
        bridle backup key rotate disque --yes # sans question
    .name = Nom du dépôt
    .yes = Ne pas demander
help-bridle-backup-worker = Travaille sur un dépôt ; lancé par l’agent, pas par des personnes
    .examples = bridle backup-worker
help-bridle-backup-start = Faire une sauvegarde maintenant
    .more =
        Rien n’est arrêté. Les données sont d’abord copiées sur ce serveur, puis enregistrées, relues, et alors seulement listées.
        Sans nom, l’unique dépôt est pris.
    .examples =
        bridle backup start
        bridle backup start --repository disque --detach
    .repository = Nom du dépôt
    .detach = Rendre la main tout de suite ; la sauvegarde continue
help-bridle-backup-list = Sauvegardes complètes, les plus récentes d’abord
    .more = Se termine par une erreur si une sauvegarde a disparu, est altérée ou incomplète.
    .examples =
        bridle backup list
        bridle backup list --repository disque --json
    .repository = Nom du dépôt ; peut être omis s’il n’y en a qu’un
backup-none = Il n’y a pas encore de sauvegarde dans { $repository }. Pour en faire une : bridle backup start
backup-line = { $made } (il y a { $age }) : { $set }
backup-holds = { $release }, configuration { $revision }, { $parts } parties, { $bytes } lus, { $stored } nouveaux dans le dépôt
backup-fuzzy = Des fichiers ont changé pendant la lecture : elle ne compte pas comme bonne.
help-bridle-backup-logs = Où en sont les journaux des bases de données
    .more =
        Entre deux sauvegardes, une base de données remet son journal, au moins une fois par minute quand elle est utilisée. Ce qui est dans un
        dépôt peut être récupéré. Se termine par une erreur si un journal ne peut pas être conservé.
    .examples =
        bridle backup logs
        bridle backup logs --json
log-no-database = Aucune base de données de cette version ne remet son journal.
log-none = { $source } : rien n’a encore été remis
log-kept = { $source } : { $file } est arrivé dans les dépôts il y a { $age }
log-let-go = { $source } : { $file } a été abandonné il y a { $age }, car il n’y a pas de dépôt
log-waits = { $count ->
    [one] Un morceau attend, depuis { $age }
   *[other] { $count } morceaux attendent, le premier depuis { $age }
}
log-repository-fails = { $repository } ne prend rien depuis { $time } :
