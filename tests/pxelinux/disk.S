# A boot sector that writes {disk} to the first serial port and ends QEMU: the guest's own system.
    .code16
start:
    cli
    movw $0x7c00 + text - start, %si
    xorw %ax, %ax
    movw %ax, %ds
    movw $0x3f8, %dx
1:  lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  movw $0xf4, %dx
    movb $2, %al
    outb %al, %dx
3:  hlt
    jmp 3b
text:
    .asciz "{disk}"
    .org 510
    .word 0xaa55
